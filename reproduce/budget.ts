/** What every student of the tables is given, so that they differ in nothing but what a table is about. */
export const BUDGET = {
  steps: 400,
  batch: 16,
  /** How many of the 15 timesteps the teacher visits. */
  rollOut: 5,
  /** How many crops of each batch algorithm 1's terms take. */
  distilled: 4,
  /** How many steps lie between the weights that are kept of the runs of table 5. */
  keepEvery: 100,
};

export type Budget = typeof BUDGET;
