import { describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { packError, unpackError } from "./wire.js";

describe("errors on the wire", () => {
  const across = (error: unknown) => unpackError(structuredClone(packError(error)));

  it("keep class, message, stack and cause", () => {
    const error = new SamsrError("no such tile", { cause: new TypeError("inner") });
    const there = across(error);
    expect(there).toBeInstanceOf(SamsrError);
    expect(there).toMatchObject({ message: "no such tile", stack: error.stack });
    expect(there.cause).toBeInstanceOf(TypeError);
  });

  it("keep the name of a class that is not known here", () => {
    class FancyError extends Error {
      override name = "FancyError";
    }
    expect(across(new FancyError("x"))).toMatchObject({ name: "FancyError", message: "x" });
    expect(across(new DOMException("stop", "AbortError"))).toMatchObject({
      name: "AbortError",
      message: "stop",
    });
  });

  it("make an error of anything that was thrown", () => {
    expect(across("only words")).toMatchObject({ name: "Error", message: "only words" });
    expect(across(undefined)).toBeInstanceOf(Error);
  });
});
