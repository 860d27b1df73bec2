import { describe, expect, it } from "vitest";
import { printable, printableJson } from "./printable.js";

/** A title for the window, red, a bell, C1's own escape, text that is written backwards, half a character. */
const HOSTILE = "a\x1b]0;owned\x07\x1b[31mb\x9b2J\x7f\u202egnp.exe\u2069\ud800\rc\u2028d";

describe("printable text", () => {
  it("holds nothing that a terminal would act on, and everything else", () => {
    expect(printable(HOSTILE)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}\u2028]/u);
    expect(printable("\x1b[31mred")).toBe("\ufffd[31mred");
    const plain = "Grüße, 写真 👩‍👩‍👧 שלום\n\tin lines";
    expect(printable(plain)).toBe(plain);
  });

  it("as JSON means the same", () => {
    const value = { [HOSTILE]: [HOSTILE, 1, null], "👩‍👩‍👧": "\n" };
    const text = printableJson(value);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}\u2028]/u);
    expect(JSON.parse(text)).toEqual(value);
    expect(printableJson({ a: [1] })).toBe(JSON.stringify({ a: [1] }, undefined, 2));
  });
});
