/** Bytes of every raw leaf but the last of its file: the unit of hashing, requests and credit (256 KiB). */
export const leafBytes = 262_144

/** Links of one inner node of a file; 1024 leaves are 256 MiB, so that a segment has one inner node. */
export const nodeLinks = 1024

/**
 * What reading somebody else's directory may cost. Counts include repetitions, so that a subtree linked many
 * times over cannot multiply the work.
 */
export type WalkLimits = {
  /** Inner nodes fetched and decoded. */
  readonly nodes: number
  /** Bytes of one inner node. */
  readonly nodeBytes: number
  /** Links between the root and a leaf. */
  readonly depth: number
  /** Files and folders together. */
  readonly names: number
  /** Mentions of raw leaves; 262,144 of them are 64 GiB. */
  readonly leaves: number
}

export const walkLimits: WalkLimits = {
  nodes: 65_536,
  nodeBytes: 2_097_152,
  depth: 16,
  names: 65_536,
  leaves: 262_144,
}
