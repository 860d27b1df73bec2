/** Networks of one pass: all that their definitions have in common. */
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import {
  defineNetwork,
  MOST_PIXELS,
  type Network,
  type NetworkModel,
  type ReadConfig,
} from "./definition.js";
import { type CommonDescription, modelAlone } from "./model.js";
import type { Direct } from "./upscaling.js";

/** What is left to say of a network that makes the large picture in one pass from the small one. */
interface DirectNetwork<Name extends string, Config, Facts extends object>
  extends Pick<
      Network<Name, Config, Facts>,
      | "name"
      | "title"
      | "config"
      | "readers"
      | "readInOrder"
      | "constants"
      | "runnable"
      | "ignored"
      | "describe"
      | "goodFor"
      | "published"
    >,
    Partial<Pick<Network<Name, Config, Facts>, "parameters">>,
    Omit<Direct<Config>, "by"> {}

/** The `model.json` of such a network. */
export type DirectJson<Name extends string, Config> = CommonDescription & {
  readonly network: Name;
  readonly config: Config;
  readonly weights: { readonly network: string };
};

/**
 * Defines a network of one pass. It is one part, `upscale`, from a small picture `lq` to a large
 * one `hr`; its parameters are those that this asks for; and its model has one file of weights, `network`.
 */
export function defineDirectNetwork<const Name extends string, Config, Facts extends object = object>(
  network: DirectNetwork<Name, Config, Facts>,
) {
  const { channels = () => 3, scale, multiple, overlap, tile, enlarge, ...facts } = network;
  return defineNetwork({
    parameters(p: Scope, { config }: ReadConfig<Config, Facts>) {
      const side = multiple(config);
      enlarge(p, config, o.input("lq", [1, channels(config), side, side]));
    },
    ...facts,
    parts({ config }) {
      const step = multiple(config);
      return [
        {
          name: "upscale",
          summary: summaryOf(scale(config), channels(config)),
          sized: {
            input: "lq",
            standard: Math.ceil(SIDE / step) * step,
            multiple: step,
            any: "size and batch",
            most: MOST_PIXELS / scale(config) ** 2,
          },
          build(p, { height, width }, batch) {
            return { hr: enlarge(p, config, o.input("lq", [batch, channels(config), height, width])) };
          },
        },
      ];
    },
    // The types of its fields cannot be followed for a name and a configuration that are not known yet.
    model: modelAlone(facts.name, facts.config, "network") as object as NetworkModel<
      ReadConfig<Config, Facts>,
      DirectJson<Name, Config>
    >,
    upscaling: { by: "one pass", channels, scale, multiple, overlap, tile, enlarge },
  });
}

/** The side of the pictures that it is converted for when no size is asked for. */
const SIDE = 64;

function summaryOf(scale: number, channels: number): string {
  const made = scale === 1 ? "picture hr of the same size" : `${scale} times larger picture hr`;
  return (
    `${scale === 1 ? "picture" : "small picture"} lq -> ${made}, both ` +
    `${channels === 1 ? "grey" : "RGB"} from 0 to 1`
  );
}
