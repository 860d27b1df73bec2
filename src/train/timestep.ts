/** What one timestep asks of the graph: its number, and the global input scale there. */
export interface TimestepConstants {
  readonly timestep: number;
  readonly scale: number;
}
