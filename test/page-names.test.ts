/** What results of the page are called. */
import { expect, it } from "vitest";
import { resultName } from "../web/item.js";
import { distinct } from "../web/save.js";

it("calls a result by its photo, in a name that any system takes", () => {
  const named = (name: string) => resultName(name, "x4", "jpeg");
  expect(named("photo.of.me.png")).toBe("photo.of.me_x4.jpg");
  expect(named("שלום 👩‍👩‍👧.png")).toBe("שלום 👩‍👩‍👧_x4.jpg");
  expect(named("../a\\b:c?.png")).toBe("_a_b_c__x4.jpg");
  // What turns the direction of text would show "gpj" as an ending.
  expect(named("harm\u202egpj\u0007.png")).toBe("harm_gpj__x4.jpg");
  for (const name of ["", ".png", " . .png"]) expect(named(name)).toBe("picture_x4.jpg");
  expect(Buffer.byteLength(named(`${"👩‍👩‍👧".repeat(80)}.png`))).toBeLessThan(255);
});

it("gives no two files one name, nor one that is taken, for systems too to which a and A are one", () => {
  const files = ["a.png", "A.png", "a.png", "b", "b", "c.png"].map((name) => new File([], name));
  expect(distinct(files, ["C.PNG"]).map(({ name }) => name)).toEqual([
    ...["a.png", "A (2).png", "a (3).png", "b", "b (2)", "c (2).png"],
  ]);
});
