import { expect, describe as group, it } from "vitest";
import { describe } from "../base/describe.js";
import { SamsrError } from "../base/errors.js";
import { exitCodeOf, named, UsageError } from "./report.js";

group("errors on the command line", () => {
  it("are one line", () => {
    expect(describe(new SamsrError("x.png is\n  damaged"))).toBe("x.png is damaged");
  });

  it("of the system name the path and the reason", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, mkdir '/full'"), {
      code: "ENOSPC",
      path: "/full",
    });
    expect(describe(error)).toBe("/full: no space is left");
  });

  it("that nobody foresaw say so", () => {
    expect(describe(new TypeError("x is undefined"))).toMatch(/^this is a bug in samsr: x is undefined/);
    expect(describe(new SamsrError("the worker failed: Worker initialization failure: EMFILE"))).toMatch(
      /^too many files are open; allow more \(ulimit -n\) \(the worker failed/,
    );
    expect(describe("words")).toMatch(/^this is a bug in samsr: words/);
  });

  it("of memory are no bug", () => {
    for (const words of [
      "Array buffer allocation failed",
      "std::bad_alloc",
      "WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance",
      "VipsJpeg: out of memory",
    ]) {
      expect(describe(new RangeError(words))).toMatch(/^there is not enough memory/);
    }
    expect(describe(new RangeError("The value is out of range"))).toMatch(/bug/);
  });

  it("get their input's name once", () => {
    expect(named("x.png is empty", "x.png")).toBe("x.png is empty");
    expect(named("too large", "x.png")).toBe("x.png: too large");
  });

  it("of usage have an exit code of their own", () => {
    expect([new UsageError("--x"), new SamsrError("x"), new Error("x")].map(exitCodeOf)).toEqual([2, 1, 1]);
  });
});
