import { type MouseEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { judgePress, seenMs } from './press.ts'

/** How often the browser looks whether something covers the offer; it allows no shorter. */
const lookMs = 100

type PressState = {
  /** Whether a press would count now: for the eye, and for tests to wait for. */
  readonly armed: boolean
  /** Judges a press; the event must be one of the person's own. */
  readonly judge: (event: MouseEvent) => 'agreed' | 'again' | 'covered'
}

/** Watches whether an offer is in plain sight, and where the pointer comes from (see press.ts). */
export function usePress(offer: RefObject<HTMLElement | null>): PressState {
  const isTop = window.top === window
  const seenSinceMs = useRef<number | undefined>(undefined)
  const pointerSinceMs = useRef<number | undefined>(undefined)
  const [armed, setArmed] = useState(isTop)

  useEffect(() => {
    const element = offer.current
    if (isTop || element === null) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = ([entry]: readonly IntersectionObserverEntry[]): void => {
      const isSeen = entry !== undefined && isVisible(entry) && entry.intersectionRatio > 0.99
      clearTimeout(timer)
      if (!isSeen) {
        seenSinceMs.current = undefined
        setArmed(false)
        return
      }
      seenSinceMs.current ??= performance.now()
      timer = setTimeout(() => setArmed(true), seenMs)
    }
    const options = { threshold: [0, 0.5, 0.99, 1], trackVisibility: true, delay: lookMs }
    const observer = new IntersectionObserver(entries => look(entries.slice(-1)), options)
    observer.observe(element)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
  }, [offer, isTop])

  useEffect(() => {
    const enter = (): void => {
      pointerSinceMs.current ??= performance.now()
    }
    const leave = (): void => {
      pointerSinceMs.current = undefined
    }
    const root = document.documentElement
    root.addEventListener('pointermove', enter)
    root.addEventListener('pointerleave', leave)
    return () => {
      root.removeEventListener('pointermove', enter)
      root.removeEventListener('pointerleave', leave)
    }
  }, [])

  const judge = useCallback(
    (event: MouseEvent) => {
      const nowMs = performance.now()
      // A click made by a key has no pointer and counts no clicks.
      const isKey = event.detail === 0
      return judgePress({
        isTop,
        seenForMs: seenSinceMs.current === undefined ? undefined : nowMs - seenSinceMs.current,
        pointerForMs: isKey ? undefined : nowMs - (pointerSinceMs.current ?? nowMs),
        width: window.innerWidth,
        height: window.innerHeight,
      })
    },
    [isTop],
  )
  return { armed, judge }
}

/** `isVisible` is of version 2 of the observer, which TypeScript's library does not describe. */
const isVisible = (entry: IntersectionObserverEntry): boolean =>
  'isVisible' in entry && entry.isVisible === true
