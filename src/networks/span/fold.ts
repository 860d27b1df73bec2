/**
 * The convolutions of SPAN as they are trained and as they are run. In training one is a chain of 1 x 1, 3 x
 * 3 and 1 x 1 with a 1 x 1 beside it and nothing between; all of it is one 3 x 3 convolution.
 */
import { conv, type Scope, type StateDict, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { BLOCKS } from "./span.js";

/** The names of all such convolutions. */
const CONVOLUTIONS = [
  "conv_1",
  ...Array.from({ length: 3 * BLOCKS }, (_, i) => `block_${1 + Math.floor(i / 3)}.c${1 + (i % 3)}_r`),
  "conv_2",
];

/** Asks for what training keeps of each convolution, and the one that it folds into. */
export function trainedConvolutions(p: Scope, channels: number): void {
  for (const name of CONVOLUTIONS) {
    const [own, input] = [p.at(name), name === "conv_1" ? 3 : channels];
    const x = o.input("x", [1, input, 3, 3]);
    conv(own.at("sk"), x, channels, 1);
    const wide = conv(own.at("conv.0"), x, 2 * input, 1);
    conv(own.at("conv.2"), conv(own.at("conv.1"), wide, 2 * channels, 3), channels, 1);
    own.parameter("eval_conv.weight", [channels, input, 3, 3], zeros);
    own.parameter("eval_conv.bias", [channels], zeros);
  }
}

/**
 * Returns the tensors with every convolution of training folded, in double precision. What the file keeps as
 * folded is not looked at: the published code does not either.
 */
export function folded(weights: StateDict): StateDict {
  const result = new Map(weights);
  for (const name of CONVOLUTIONS) {
    for (const key of weights.keys()) if (key.startsWith(`${name}.`)) result.delete(key);
    const { weight, bias } = fold((part) => weights.get(`${name}.${part}`)!);
    result.set(`${name}.eval_conv.weight`, weight);
    result.set(`${name}.eval_conv.bias`, bias);
  }
  return result;
}

type Tensor = NonNullable<ReturnType<StateDict["get"]>>;

/**
 * Folds a convolution of training into one of 3 x 3: W[o, i, tap] = sum over m, n of W2[o, m] W1[m, n, tap]
 * W0[n, i], and sk[o, i] at the middle tap; b = W2 (sum over n, tap of W1[m, n, tap] b0[n] + b1[m]) + b2 +
 * the bias of sk.
 */
function fold(part: (name: string) => Tensor): { weight: Tensor; bias: Tensor } {
  const [w0, w1, w2, sk] = ["conv.0", "conv.1", "conv.2", "sk"].map((name) => part(`${name}.weight`));
  const [b0, b1, b2, bSk] = ["conv.0", "conv.1", "conv.2", "sk"].map((name) => part(`${name}.bias`).data);
  const [outputs, inputs] = sk.shape;
  const [middle, narrow] = w1.shape;
  /** W2 W1, [o, n, tap]. */
  const last = new Float64Array(outputs * narrow * 9);
  const bias = new Float32Array(outputs);
  for (let out = 0; out < outputs; out++) {
    const row = last.subarray(out * narrow * 9, (out + 1) * narrow * 9);
    let sum = b2[out] + bSk[out];
    for (let m = 0; m < middle; m++) {
      const factor = w2.data[out * middle + m];
      sum += factor * b1[m];
      for (let k = 0; k < row.length; k++) row[k] += factor * w1.data[m * row.length + k];
    }
    for (let k = 0; k < row.length; k++) sum += row[k] * b0[Math.floor(k / 9)];
    bias[out] = sum;
  }
  const weight = new Float32Array(outputs * inputs * 9);
  for (let out = 0; out < outputs; out++) {
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < 9; tap++) {
        let sum = tap === 4 ? sk.data[out * inputs + i] : 0;
        for (let n = 0; n < narrow; n++) sum += last[(out * narrow + n) * 9 + tap] * w0.data[n * inputs + i];
        weight[(out * inputs + i) * 9 + tap] = sum;
      }
    }
  }
  return {
    weight: { shape: [outputs, inputs, 3, 3], data: weight },
    bias: { shape: [outputs], data: bias },
  };
}
