import { add, mul, type Value } from "../../onnx/index.js";

/** A picture in [-1, 1], as networks have it, in [0, 1], as metrics do. */
export const unitRange = (picture: Value): Value => add(mul(picture, 0.5), 0.5);
