import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { type PlayerState, playerUpdate } from '#bridge/contract.ts'
import type { Control, Media } from '#bridge/page-control.ts'
import type { Asked, Meter } from '#bridge/shapes.ts'
import { type LivePort, openLivePort } from '#ui/background.ts'
import { placeOf } from './place.ts'

export type PlayerLink = {
  readonly state: PlayerState
  readonly meter: Meter | undefined
  /** Counts changes of the wallet while a video plays. */
  readonly walletChanges: number
  readonly watch: (ticket: string, agreedWei: bigint, always: boolean) => void
  readonly reopen: () => void
  /** Where a playing video puts what steers it. */
  readonly steering: Steering
}
export type Steering = RefObject<((control: Control) => Media | undefined) | undefined>

/** The page stays where it is as long as it lives. */
const stands = placeOf(Array.from(location.ancestorOrigins))
const place = stands === undefined ? {} : { place: stands }

/** The player's conversation with the background worker. A worker that is restarted is told where we were. */
export function usePlayer(asked: Asked): PlayerLink {
  const [state, setState] = useState<PlayerState>({ status: 'finding' })
  const [meter, setMeter] = useState<Meter>()
  const [walletChanges, setWalletChanges] = useState(0)
  const live = useRef<LivePort>(undefined)
  const steering: Steering = useRef(undefined)
  const present = useRef<PlayerState>(state)

  useEffect(() => {
    const port = openLivePort(
      'player',
      playerUpdate,
      update => {
        if (update.type === 'meter') setMeter(update.meter)
        else if (update.type === 'control') {
          const media = steering.current?.(update.control)
          const { id } = update
          live.current?.send({ type: 'controlled', id, ...(media === undefined ? {} : { media }) })
        } else if (update.type === 'wallet-changed') setWalletChanges(changes => changes + 1)
        else {
          present.current = update.state
          setState(update.state)
        }
      },
      opened => {
        const now = present.current
        opened.send(
          now.status === 'ready'
            ? { type: 'follow', purchase: now.purchase, asked, ...place }
            : { type: 'open', asked, ...place },
        )
      },
    )
    live.current = port
    return () => port.close()
  }, [asked])

  const watch = useCallback((ticket: string, agreedWei: bigint, always: boolean) => {
    live.current?.send({ type: 'watch', ticket, agreedWei, ...(always ? { always } : {}) })
  }, [])
  const reopen = useCallback(() => live.current?.send({ type: 'open', asked, ...place }), [asked])
  return { state, meter, walletChanges, watch, reopen, steering }
}
