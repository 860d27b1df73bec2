import { type Filled, section, whole } from "../../base/fields.js";

export const config = section("The compact network.", {
  features: whole("Channels between the convolutions.", 1, 1024),
  convolutions: whole("Convolutions between the first and the last.", 0, 1000),
  scale: whole("How many times larger its pictures are.", 1, 8),
});

export type SrvggConfig = Filled<typeof config>;
