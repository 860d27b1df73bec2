/** How far a teacher's prediction is from x0. */
import * as o from "../onnx/index.js";
import { charbonnier } from "./charbonnier.js";

/** The errors that a teacher may be taught by. */
export const TEACHER_LOSSES = ["smooth absolute", "squared"] as const;

/**
 * `squared` is what ResShift publishes (the mean of its `training_losses`, unweighted); `smooth absolute`,
 * this project's own, leaves less grain in what a small teacher samples.
 */
export type TeacherLoss = (typeof TEACHER_LOSSES)[number];

/** Returns the mean error of a prediction of x0, a scalar. @param loss default "smooth absolute" */
export function teacherError(x0Hat: o.Value, x0: o.Value, loss: TeacherLoss = "smooth absolute"): o.Value {
  return loss === "squared" ? o.meanSquaredError(x0Hat, x0) : charbonnier(x0Hat, x0);
}
