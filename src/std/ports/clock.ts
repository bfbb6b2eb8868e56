/** Time, for code that must be testable without waiting. */
export interface Clock {
  /** Milliseconds since 1970, as Date.now. */
  nowMs(): number
  /** Resolves after so many milliseconds; rejects with the signal's reason when aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}
