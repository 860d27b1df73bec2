/** What a run tells of the weights that it leaves, in their file. */
import type { Told } from "../../checkpoints/index.js";
import {
  COVERAGE_NETWORK,
  type Network,
  PIXEL_DENOISER,
  SWIN_UNET,
  type Training,
  VQ_AUTOENCODER,
} from "../../networks/index.js";
import type { StudentConfig, TeacherConfig, TrainingConfig } from "./description.js";

/** Returns the network that a configuration trains. */
export function trainedNetwork(config: TrainingConfig): Network {
  if (config.train === "coverage") return COVERAGE_NETWORK;
  if (config.train === "autoencoder") return VQ_AUTOENCODER;
  return config.space === "pixels" ? PIXEL_DENOISER : SWIN_UNET;
}

/** Tells which network a run trains, and how: what travels with its weights. */
export function toldOf(config: TrainingConfig): Told {
  const [network, { network: sizes }] = [trainedNetwork(config), config];
  const denoises = config.train === "teacher" || config.train === "student";
  return { network, config: sizes, ...(denoises && { training: trainingOf(config) }) };
}

function trainingOf(config: TeacherConfig | StudentConfig): Training {
  const { schedule } = config;
  if (config.train === "student") {
    const { masks, m, variant, coefficients, noise } = config.student;
    return { schedule, m, method: masks === "none" ? "sinsr" : "samsr", variant, coefficients, noise };
  }
  if (!config.semantics) return { schedule, method: "resshift" };
  const { m, variant, coefficients, noise } = config.semantics;
  return { schedule, m, method: "resshift", variant, coefficients, noise };
}
