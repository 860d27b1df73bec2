/**
 * What travels between a thread and its owner. Values go by structured clone; errors do not keep their class
 * that way, and the class decides whether a person sees one line or a stack, so they travel as plain data.
 */
import { SamsrError } from "../base/errors.js";

/** What the owner sends: a call, or that one is cancelled. */
export type ToWorker =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly name: string;
      readonly args: unknown;
      /** One shared integer, 1 once the call is cancelled; absent where memory cannot be shared. */
      readonly flag?: Int32Array;
    }
  | { readonly kind: "cancel"; readonly id: number }
  /** The oldest of the values that the call has handed over is taken. */
  | { readonly kind: "taken"; readonly id: number };

/** What the worker sends while a call lasts: progress and values, and then a result or an error. */
export type FromWorker =
  | { readonly kind: "progress"; readonly id: number; readonly value: unknown }
  | { readonly kind: "value"; readonly id: number; readonly value: unknown }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: WireError };

/** An error as plain data. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: WireError;
}

const CLASSES: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  SamsrError,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
};

/** Takes an error apart, with its causes, so that it can be sent. */
export function packError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    name,
    message,
    stack,
    ...(typeof code === "string" && { code }),
    ...(cause !== undefined && { cause: packError(cause) }),
  };
}

/**
 * Makes the error again, of its class where that is one of ours or the language's, with the worker's stack.
 */
export function unpackError(packed: WireError): Error {
  const { name, message, stack, code, cause } = packed;
  const options = cause && { cause: unpackError(cause) };
  let error: Error;
  if (name === "AbortError" || name === "TimeoutError") {
    error = new DOMException(message, name);
  } else {
    const Class = CLASSES[name];
    error = new (Class ?? Error)(message, options);
    if (!Class && name !== "Error") error.name = name;
    if (stack) error.stack = stack;
    if (code) Object.assign(error, { code });
  }
  return error;
}
