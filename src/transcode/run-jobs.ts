/**
 * Runs jobs in their order, at most so many at a time, and answers what they gave in the same order. At the first
 * failure no more are begun, `stop` tells the others to end, and it is thrown once they have.
 */
export const runJobs = async <T>(
  jobs: readonly (() => Promise<T>)[],
  atOnce: number,
  stop: () => void,
): Promise<readonly T[]> => {
  const waiting = jobs.entries()
  const failures: unknown[] = []
  const results: T[] = []
  const work = async (): Promise<void> => {
    for (const [at, job] of waiting) {
      try {
        results[at] = await job()
      } catch (thrown) {
        failures.push(thrown)
        stop()
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  if (failures.length > 0) throw failures[0]
  return results
}
