import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hasShared, sharedPath } from "../../test/shared.js";
import { loadPublished } from "../checkpoints/convert.js";
import { readShapes } from "../checkpoints/open.js";
import { openUpscalingModel, weightsOf } from "./model.js";

describe.skipIf(!hasShared)("a file of weights in a page", () => {
  it.each(["span-x2", "span-x4"])(
    "is run as the command runs it, folded where it was published for training: %s",
    async (name) => {
      const path = sharedPath("reference", name, "checkpoint.pth");
      const model = await openUpscalingModel(new File([readFileSync(path)], "mine.pth"));
      expect(model.description).toMatchObject({ name: "mine.pth", network: "span" });
      const { tensors } = await weightsOf(model, "network");
      const command = await loadPublished(path, path);
      expect([...tensors.keys()]).toEqual([...command.keys()]);
      expect([...tensors.keys()].length).toBeLessThan((await readShapes(path)).size);
      for (const [key, { data }] of command) expect(tensors.get(key)).toMatchObject({ data });
    },
  );
});
