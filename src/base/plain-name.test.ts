import { expect, it } from "vitest";
import { isPlainName } from "./plain-name.js";

it("a plain name leads nowhere else, on any system", () => {
  for (const name of ["a", "other", "resshift-15", "v1.2", "Über 4", "a..b", "x+y"]) {
    expect(isPlainName(name), name).toBe(true);
  }
  for (const name of ["", ".", "..", ".hidden", "a/b", "/a", "../a", "a\\b", "C:", "C:a", "a\nb", "a\0"]) {
    expect(isPlainName(name), JSON.stringify(name)).toBe(false);
  }
});
