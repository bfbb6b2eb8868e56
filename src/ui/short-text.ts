/** Whole megabytes for a glance, with one decimal below ten. */
export function megabytesText(bytes: number): string {
  const megabytes = bytes / 1e6
  return megabytes < 10 ? megabytes.toFixed(1) : Math.floor(megabytes).toString()
}

/** An address as people compare it: its first and last digits. The whole is always at hand beside it. */
export const shortAddress = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`
