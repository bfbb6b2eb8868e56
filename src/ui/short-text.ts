/** Whole megabytes for a glance, with one decimal below ten. */
export function megabytesText(bytes: number): string {
  const megabytes = bytes / 1e6
  return megabytes < 10 ? megabytes.toFixed(1) : Math.floor(megabytes).toString()
}

/** An address as people compare it: its first and last digits. The whole is always at hand beside it. */
export const shortAddress = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`

/** A moment as short as it is clear: the time of today, the day of any other. */
export function momentText(atMs: number): string {
  const at = new Date(atMs)
  return at.toDateString() === new Date().toDateString()
    ? at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : at.toLocaleDateString([], { day: 'numeric', month: 'short' })
}

/** Hours, minutes and seconds as players show them: `0:41`, `1:02:03`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  const pad = (part: number): string => part.toString().padStart(2, '0')
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}`
}
