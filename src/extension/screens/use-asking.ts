import { useState } from 'react'
import { errorFrom } from '#std/error.ts'
import { failureText } from '#ui/texts.ts'

export type Asking = {
  readonly busy: boolean
  /** Why the last one failed, in words. */
  readonly failure: string | undefined
  readonly run: (work: () => Promise<void>) => Promise<void>
  readonly clear: () => void
}

/** One thing at a time that is asked of the background: whether it is under way, and what went wrong. */
export function useAsking(): Asking {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setFailure(undefined)
    try {
      await work()
    } catch (thrown) {
      setFailure(failureText(errorFrom(thrown).code))
    } finally {
      setBusy(false)
    }
  }
  return { busy, failure, run, clear: () => setFailure(undefined) }
}
