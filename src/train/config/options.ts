/** Configurations as what the trainers take. */
import type { ConfigOf, StudentConfig, TeacherConfig, TrainingConfig } from "./description.js";

/** Returns what every trainer takes of a configuration. */
function stepOptions({ optimiser, data, train }: TrainingConfig) {
  const { steps, learningRate, schedule, floor, warmup, weightDecay, clip, accumulate } = optimiser;
  const { emaDecay, emaStart } = optimiser;
  return {
    ...{ steps, learningRate, warmup, weightDecay, emaDecay, emaStart, accumulate },
    rateSchedule: schedule,
    rateFloor: floor,
    clip: clip ?? Number.POSITIVE_INFINITY,
    batch: data.batch,
    seed: data.seed,
    title: train,
  };
}

export function denoiserOptions(config: TeacherConfig | StudentConfig) {
  const { network, schedule, data } = config;
  return { ...stepOptions(config), config: network, schedule, crop: data.crop };
}

export function teacherOptions(config: TeacherConfig) {
  const { semantics, loss } = config;
  return { ...denoiserOptions(config), loss, ...(semantics && { semantics }) };
}

export function studentOptions(config: StudentConfig) {
  const { student, discriminator, schedule, data, secondTeacher } = config;
  const {
    rollOut = schedule.steps,
    distilled = data.batch,
    m,
    variant,
    coefficients,
    noise,
    masks,
    maskContext,
    terms: { taught, ...others },
    detailTarget,
  } = student;
  const terms = { ...others, taught: secondTeacher === undefined ? 0 : taught };
  return {
    ...denoiserOptions(config),
    ...{ rollOut, distilled, m, variant, coefficients, noise, masks, maskContext, terms, detailTarget },
    featureTimestep: student.featureTimestep,
    ...(discriminator && { adversarial: adversarialOptions(discriminator) }),
  };
}

function adversarialOptions({ channels, sees, ...game }: NonNullable<StudentConfig["discriminator"]>) {
  return { discriminator: { channels, sees }, ...game };
}

export function coverageOptions(config: ConfigOf<"coverage">) {
  const { width, height, variants } = config.data;
  const { network, countWeight, regions } = config;
  return { ...stepOptions(config), config: network, width, height, variants, countWeight, regions };
}

export function autoencoderOptions(config: ConfigOf<"autoencoder">) {
  const { network, data, terms } = config;
  return { ...stepOptions(config), config: network, crop: data.crop, terms };
}
