/** The build of onnxruntime-web for Node, in a file of its own so that browser bundles can leave it out. */
export * from "onnxruntime-web";
