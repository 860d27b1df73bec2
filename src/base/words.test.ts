import { describe, expect, it } from "vitest";
import { type Described, oneOf, parseWords, wholeNumber } from "./words.js";

const say = (schema: Described["schema"], text: string, also?: Described["also"]) => {
  try {
    return parseWords({ value: "x", words: "x", schema, ...(also && { also }) }, text);
  } catch (error) {
    return (error as Error).message;
  }
};

describe("values in words", () => {
  it.each([
    [wholeNumber(1), "7", 7],
    [wholeNumber(1), "0", "Expected a whole number from 1 on."],
    [wholeNumber(1, 100), "1e1", "Expected a whole number from 1 to 100."],
    [wholeNumber(0), "9007199254740993", "Expected a whole number from 0 on."],
    [{ type: "number" }, "-2.5e-1", -0.25],
    [{ type: "number" }, "512/1500", 512 / 1500],
    [{ type: "number" }, "1/2/3", "Expected a number."],
    [{ type: "number" }, " ", "Expected a number."],
    [{ type: "number" }, "1/0", "Expected a number."],
    [{ type: "number", minimum: 0, maximum: 1 }, "1.5", "Expected a number from 0 to 1."],
    [{ type: "number", exclusiveMinimum: 0, maximum: 8 }, "0", "Expected a number over 0 and at most 8."],
    [{ type: "boolean" }, "true", true],
    [{ type: "boolean" }, "yes", "Expected true or false."],
    [oneOf(["png", "jpeg"]), "PNG", "png"],
    [oneOf(["png", "jpeg"]), "bmp", "Allowed choices are png, jpeg."],
    [{ type: "string" }, "Any", "Any"],
  ] as const)("%j: %s", (schema, text, value) => {
    expect(say(schema, text)).toBe(value);
  });

  it("know other words for some, but none that every object has", () => {
    expect(say(oneOf(["jpeg"]), "JPG", { jpg: "jpeg" })).toBe("jpeg");
    expect(say(oneOf(["jpeg"]), "constructor", { jpg: "jpeg" })).toMatch(/^Allowed/);
  });
});
