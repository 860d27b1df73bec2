/**
 * Tells real photos from made ones, patch by patch, knowing the small image that both belong to. Plain
 * convolutions without normalisation, which the gradient penalty that it is trained with asks for.
 */
import { type Filled, list, oneOf, section, standing, whole } from "../../base/fields.js";
import { conv, fanIn, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { greyLatent } from "../pixel-latents.js";

/** The fields of its configuration, which training joins with those of its game. */
export const discriminatorFields = {
  channels: list(
    "Width of each level; each after the first halves the size.",
    whole("A width.", 1, 4096),
    1,
    10,
  ),
  sees: standing(
    "colour",
    oneOf(
      "What is judged: all colours, or on pixels their mean, so that what it asks for comes " +
        "without colour of its own.",
      "colour",
      "grey",
    ),
  ),
};
const config = section("The discriminator.", discriminatorFields);

export type DiscriminatorConfig = Pick<Filled<typeof config>, "channels"> & Partial<Filled<typeof config>>;

/** He et al. 2015, for the slope of `leaky`. */
const GAIN = Math.sqrt(2 / (1 + 0.2 ** 2));

/**
 * Judges how real the patches of a picture look.
 * @param image [N, C, H, W], a large picture as a latent of blocks
 * @param y of the same shape, the bicubic image that it must belong to
 * @returns [N, 1, h, w]: a number for each patch, larger for what looks real
 */
export function discriminator(
  p: Scope,
  { channels, sees = "colour" }: DiscriminatorConfig,
  image: o.Value,
  y: o.Value,
): o.Value {
  const layer = (at: Scope, h: o.Value, width: number, stride = 1) =>
    leaky(conv(at, h, width, 3, { stride, initializer: fanIn(GAIN) }));
  const [seen, base] = sees === "grey" ? [greyLatent(image), greyLatent(y)] : [image, y];
  // What the picture has beyond the bicubic one is what there is to judge.
  let h = layer(p.at("in"), o.concat([o.sub(seen, base), base], 1), channels[0]);
  channels.forEach((width, level) => {
    const at = p.at("levels").at(level);
    if (level > 0) h = layer(at.at("down"), h, width, 2);
    h = o.add(
      h,
      conv(at.at("conv2"), layer(at.at("conv1"), h, width), width, 3, { initializer: fanIn(0.1) }),
    );
  });
  return conv(p.at("out"), leaky(h), 1, 1, { initializer: fanIn() });
}

function leaky(x: o.Value): o.Value {
  return o.maximum(x, o.mul(x, 0.2));
}
