import { type RefObject, useCallback, useEffect, useState } from 'react'

/** How long a video may play in a tab that nobody sees. Sound alone is watched, too, for a while. */
const unseenMs = 60_000

type UnseenPause = {
  /** Paused for this, and waits for the person. */
  readonly isPaused: boolean
  readonly goOn: () => void
}

/** Pauses a video, and with it what it costs, when its tab has been hidden for long. */
export function useUnseenPause(
  video: RefObject<HTMLVideoElement | null>,
  resumesAlone: boolean,
): UnseenPause {
  const [isPaused, setPaused] = useState(false)
  const goOn = useCallback(() => {
    setPaused(false)
    // A browser that wants a press for it leaves the video paused, with its controls.
    void video.current?.play().catch(() => undefined)
  }, [video])

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = (): void => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') return
      timer = setTimeout(() => {
        if (video.current === null || video.current.paused) return
        video.current.pause()
        setPaused(true)
      }, unseenMs)
    }
    document.addEventListener('visibilitychange', look)
    look()
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [video])

  useEffect(() => {
    if (!isPaused || !resumesAlone) return
    const look = (): void => {
      if (document.visibilityState === 'visible') goOn()
    }
    document.addEventListener('visibilitychange', look)
    look()
    return () => document.removeEventListener('visibilitychange', look)
  }, [isPaused, resumesAlone, goOn])
  return { isPaused, goOn }
}
