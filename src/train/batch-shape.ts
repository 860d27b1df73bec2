/** The sizes that a training graph is built for. */
export interface BatchShape {
  /** Crops in a batch, N. */
  readonly batch: number;
  /** Side of the low-resolution crop, which is that of the latent. */
  readonly side: number;
}
