import type { Network } from '#bridge/shapes.ts'

/** The database of what is worth money on a network: receipts of one deployment never meet those of another. */
export const recordsName = ({ chainId, registry }: Network): string => `paratii-${chainId}-${registry}`
