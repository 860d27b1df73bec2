/** What every student of the tables is given, so that they differ in nothing but what a table is about. */
export const BUDGET = {
  steps: 400,
  batch: 16,
  /** Timesteps that the teacher visits, of 15. */
  rollOut: 5,
  /** Crops of each batch that algorithm 1's terms take. */
  distilled: 4,
  /** Steps between the weights that are kept of the runs of table 5. */
  keepEvery: 100,
};

export type Budget = typeof BUDGET;
