/** The options of Segment Anything's mask generator, as several commands take them. */
import { Option } from "commander";
import { SAM_WORDS } from "../semantics/sam/words.js";
import { described } from "./options.js";

const GROUP = "Segment Anything (--masks sam):";

/** Makes a switch among them. */
export function samOption(flags: string, words: string): Option {
  return new Option(flags, words).helpGroup(GROUP);
}

export function samOptions(): Option[] {
  return Object.entries(SAM_WORDS).map(([name, one]) => described(name, one).helpGroup(GROUP));
}
