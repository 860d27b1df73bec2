import { expect, it } from "vitest";
import { brief } from "./brief.js";
import { SamsrError } from "./errors.js";

it("an error for people is one line that no terminal acts on, whatever a file puts into it", () => {
  const cause = new Error("why");
  const error = new SamsrError("a\x1b[31m.png is\r\n\tno  picture\u2028at\x85all\u202e", { cause });
  expect(error.message).toBe("a\ufffd[31m.png is no  picture at all\ufffd");
  expect([error.name, error.cause]).toEqual(["SamsrError", cause]);
});

it("a value is told in a line, however deep and wide it is", () => {
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  expect(brief(deep)).toBe(`${"[".repeat(60)}...`);
  expect(brief({ a: Array(1e6).fill("x".repeat(1000)) })).toHaveLength(63);
  expect(brief({ a: [1, "b", null] })).toBe('{"a":[1,"b",null]}');
  expect(brief("\x9b2J\u202e")).toBe('"\ufffd2J\ufffd"');
  const circle: Record<string, unknown> = { a: Number.NaN, b: 1n, of: new Float32Array(2) };
  circle.self = [circle, circle];
  expect(brief(circle)).toMatch(/^{"a":null,"b":"1","of":"a Float32Array","self":\[{"a".{8}\.\.\.$/);
  const others = [undefined, Number.NaN, Symbol("s"), () => 1, new ArrayBuffer(1), Object.create(null)];
  expect(others.map(brief).join(", ")).toBe("undefined, NaN, Symbol(s), a function, an ArrayBuffer, {}");
});
