/** Whether this is Node (or one of its worker threads); false in a browser. */
export const inNode = typeof process !== "undefined" && Boolean(process.versions?.node);
