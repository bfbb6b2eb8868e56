import { type ReactElement, useEffect, useRef, useState } from 'react'
import type { EarnerState } from '#bridge/earning.ts'
import type { Failure } from '#bridge/failure.ts'
import { errorFrom, isErrorCode } from '#std/error.ts'
import { Amount } from '#ui/amount.tsx'
import { Button } from '#ui/button.tsx'
import { failureText, text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { claimStream } from './claim.ts'
import { type Playback, PlaybackError, startPlayback } from './playback.ts'
import { takeTurns } from './take-turns.ts'

type EarnerStageProps = {
  readonly ready: Extract<EarnerState, { status: 'ready' }>
  readonly earnedWei: bigint
  readonly view: View
  /** Asks for the next bid. */
  readonly look: () => void
}

const manifest = 'manifest.mpd'
/** How often it is looked whether the video plays and is seen. */
const momentMs = 100
/** How much of the player must be in the window to count as seen. */
const seenShare = 0.5

/** A video that pays: playing, what was promised so far, and how it ended. */
export function EarnerStage({ ready, earnedWei, view, look }: EarnerStageProps): ReactElement {
  const container = useRef<HTMLDivElement>(null)
  const video = useRef<HTMLVideoElement>(null)
  const typed = useRef('')
  const [code, setCode] = useState('')
  const [ended, setEnded] = useState<string>()
  const [failure, setFailure] = useState<Failure>()
  const { viewing, ticket, isAutomatic } = ready

  useEffect(() => {
    const [element, box] = [video.current, container.current]
    if (element === null || box === null) return
    const leaving = new AbortController()
    let playback: Playback | undefined
    let inSight = false
    const sight = new IntersectionObserver(
      entries => {
        inSight = (entries.at(-1)?.intersectionRatio ?? 0) >= seenShare
      },
      { threshold: [0, seenShare, 1] },
    )
    sight.observe(element)
    const start = async (): Promise<void> => {
      await claimStream(ticket)
      playback = await startPlayback({
        video: element,
        container: box,
        source: { type: 'viewing', viewing: viewing.viewing },
        manifest,
        failed: setFailure,
      })
      if (leaving.signal.aborted) return playback.destroy()
      const { channel } = playback
      playback.setControls(true)
      // A browser that wants a press for sound plays it without.
      await element.play().catch(() => {
        element.muted = true
        return element.play().catch(() => undefined)
      })
      setEnded(
        await takeTurns({
          turn: after => channel.turn(after),
          played: played => channel.played(played),
          player: element,
          isSeen: () => inSight && document.visibilityState === 'visible',
          showCode(shown) {
            typed.current = ''
            setCode(shown)
          },
          readCode: () => typed.current,
          nowMs: () => performance.now(),
          moment: () => pauseFor(momentMs, leaving.signal),
          chunkSeconds: viewing.chunkSeconds,
          length: viewing.length,
        }),
      )
    }
    start().catch(thrown => {
      if (leaving.signal.aborted) return
      if (thrown instanceof PlaybackError) return setFailure(thrown.failure)
      const { code: failed, details } = errorFrom(thrown, 'host-unreachable')
      setFailure({ code: failed, details })
    })
    return () => {
      leaving.abort()
      sight.disconnect()
      void playback?.destroy()
    }
    // The viewing itself grows with each chunk; its name stays.
  }, [ticket, viewing.viewing, viewing.chunkSeconds, viewing.length])

  useEffect(() => {
    if (ended === 'done' && isAutomatic) look()
  }, [ended, isAutomatic, look])

  return (
    <div className="stage">
      <div className="screen" ref={container} data-controls>
        <video ref={video} aria-label={viewing.title} poster={view.poster} muted={view.muted} playsInline />
        {code !== '' && ended === undefined && (
          <CodeForm
            key={code}
            code={code}
            give={text => {
              typed.current = text
              setCode('')
            }}
          />
        )}
        {failure !== undefined && ended === undefined && (
          <div className="interruption" role="alert" data-testid="interruption" data-code={failure.code}>
            <p className="small">{failureText(failure.code)}</p>
            <Button onClick={look}>{text('earnLookAgain')}</Button>
          </div>
        )}
        {ended !== undefined && (
          <div className="interruption" role="status" data-testid="earn-ended" data-ended={ended}>
            <p className="small">
              {ended === 'done'
                ? text('earnDone')
                : isErrorCode(ended)
                  ? failureText(ended)
                  : text('earnEnded')}
            </p>
            <Button onClick={look}>{text('earnNext')}</Button>
          </div>
        )}
      </div>
      <p className="meter" role="status" aria-live="off" data-testid="earned" data-wei={earnedWei.toString()}>
        <span>{text('earned')}</span>
        <Amount wei={earnedWei} kind="earning" />
      </p>
    </div>
  )
}

type CodeFormProps = { readonly code: string; readonly give: (typed: string) => void }

/** The code that somebody who is there types; nobody else does. */
function CodeForm({ code, give }: CodeFormProps): ReactElement {
  const [typed, setTyped] = useState('')
  return (
    <form
      className="interruption"
      onSubmit={event => {
        event.preventDefault()
        if (typed.trim() !== '') give(typed.trim())
      }}
    >
      <label className="small" htmlFor="code">
        {text('earnCode', code)}
      </label>
      <input
        id="code"
        autoComplete="off"
        value={typed}
        onChange={event => setTyped(event.currentTarget.value)}
        data-testid="earn-code"
      />
      <Button type="submit">{text('earnGive')}</Button>
    </form>
  )
}

/** Rejects when the page leaves. */
function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const leave = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave)
      resolve()
    }, ms)
    signal.addEventListener('abort', leave, { once: true })
  })
}
