/** True in Node (and in its worker threads), false in a browser. */
export const inNode = typeof process !== "undefined" && Boolean(process.versions?.node);
