import { type ReactElement, useCallback, useEffect, useRef, useState } from 'react'
import type { PlayerState } from '#bridge/contract.ts'
import type { Failure } from '#bridge/failure.ts'
import type { Meter } from '#bridge/shapes.ts'
import { errorFrom } from '#std/error.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { failureText, text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { claimStream } from './claim.ts'
import { MeterBar } from './meter-bar.tsx'
import { type Playback, PlaybackError, startPlayback } from './playback.ts'
import { steer } from './steer.ts'
import type { Steering } from './use-player.ts'
import { useUnseenPause } from './use-unseen-pause.ts'

type StageProps = {
  readonly ready: Extract<PlayerState, { status: 'ready' }>
  readonly meter: Meter | undefined
  readonly view: View
  readonly walletChanges: number
  readonly reopen: () => void
  readonly steering: Steering
}

/** The playing video, its controls, and the meter under it. */
export function Stage({ ready, meter, view, walletChanges, reopen, steering }: StageProps): ReactElement {
  const container = useRef<HTMLDivElement>(null)
  const video = useRef<HTMLVideoElement>(null)
  const playback = useRef<Playback>(undefined)
  const [failure, setFailure] = useState<Failure>()
  const { purchase, manifest, ticket, title } = ready

  useEffect(() => {
    const [element, box] = [video.current, container.current]
    if (element === null || box === null) return
    let ended = false
    const start = async (): Promise<void> => {
      await claimStream(ticket)
      const started = await startPlayback({
        video: element,
        container: box,
        source: { type: 'channel', purchase },
        manifest,
        failed: reason => setFailure(reason),
      })
      if (ended) return started.destroy()
      playback.current = started
      started.setControls(box.dataset.controls === 'true')
      // Whoever pressed the button wants to see it; a browser that wants another press shows the controls.
      await element.play().catch(() => started.setControls(true))
    }
    start().catch(thrown => {
      if (ended) return
      if (thrown instanceof PlaybackError) setFailure(thrown.failure)
      else {
        const { code, details } = errorFrom(thrown, 'host-unreachable')
        setFailure({ code, details })
      }
    })
    return () => {
      ended = true
      void playback.current?.destroy()
    }
  }, [purchase, manifest, ticket])

  const retry = useCallback(() => {
    setFailure(undefined)
    if (playback.current === undefined) reopen()
    else playback.current.retry()
  }, [reopen])

  // What waited for an unlocked wallet goes on by itself.
  const seenChanges = useRef(walletChanges)
  useEffect(() => {
    if (seenChanges.current === walletChanges) return
    seenChanges.current = walletChanges
    if (failure?.code === 'wallet-locked') retry()
  }, [walletChanges, failure, retry])

  const { isPaused, goOn } = useUnseenPause(video, ready.resumesAlone)

  useEffect(() => {
    steering.current = control =>
      video.current === null ? undefined : steer(video.current, control, !isPaused)
    return () => {
      steering.current = undefined
    }
  }, [steering, isPaused])

  useEffect(() => playback.current?.setControls(view.controls), [view.controls])

  return (
    <div className="stage">
      <div className="screen" ref={container} data-controls={view.controls}>
        <video
          ref={video}
          aria-label={title}
          poster={view.poster}
          muted={view.muted}
          loop={view.loop}
          playsInline
        />
        {failure !== undefined && <Interruption failure={failure} retry={retry} />}
        {isPaused && failure === undefined && (
          <div className="interruption" role="status" data-testid="paused-unseen">
            <p className="small">{text('pausedUnseen')}</p>
            <Button onClick={goOn}>{text('goOn')}</Button>
          </div>
        )}
      </div>
      <MeterBar meter={meter} />
    </div>
  )
}

/** Why the video stands still. What was paid so far stays paid, and nothing is added while it waits. */
function Interruption({
  failure,
  retry,
}: {
  readonly failure: Failure
  readonly retry: () => void
}): ReactElement {
  const isLocked = failure.code === 'wallet-locked'
  return (
    <div className="interruption" role="alert" data-testid="interruption" data-code={failure.code}>
      <p className="small">{isLocked ? text('blockedUnlockNote') : failureText(failure.code)}</p>
      {isLocked ? (
        <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'unlock' })}>
          {text('blockedUnlock')}
        </Button>
      ) : (
        <Button onClick={retry}>{text('tryAgain')}</Button>
      )}
    </div>
  )
}
