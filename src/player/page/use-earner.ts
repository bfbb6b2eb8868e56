import { useCallback, useEffect, useRef, useState } from 'react'
import { type EarnAsked, type EarnerState, earnerUpdate } from '#bridge/earning.ts'
import type { Hash } from '#std/brand.ts'
import { type LivePort, openLivePort } from '#ui/background.ts'

export type EarnerLink = {
  readonly state: EarnerState
  /** Promised so far by the viewing that plays. */
  readonly earnedWei: bigint
  readonly accept: (bid: Hash) => void
  readonly look: () => void
}

/** The conversation of a player that is paid for, with the background worker. */
export function useEarner(asked: EarnAsked): EarnerLink {
  const [state, setState] = useState<EarnerState>({ status: 'looking' })
  const [earnedWei, setEarnedWei] = useState(0n)
  const live = useRef<LivePort>(undefined)
  const present = useRef<EarnerState>(state)

  useEffect(() => {
    const port = openLivePort(
      'earner',
      earnerUpdate,
      update => {
        if (update.type === 'earned') return setEarnedWei(update.viewing.earnedWei)
        present.current = update.state
        setState(update.state)
        if (update.state.status === 'ready') setEarnedWei(update.state.viewing.earnedWei)
      },
      opened => {
        const now = present.current
        opened.send(
          now.status === 'ready' ? { type: 'follow', viewing: now.viewing.viewing } : { type: 'open', asked },
        )
      },
    )
    live.current = port
    return () => port.close()
  }, [asked])

  const accept = useCallback((bid: Hash) => live.current?.send({ type: 'accept', bid }), [])
  const look = useCallback(() => live.current?.send({ type: 'open', asked }), [asked])
  return { state, earnedWei, accept, look }
}
