import * as v from 'valibot'
import { type Failure, failureSchema } from '#bridge/failure.ts'
import { createLockLifelines } from '#bridge/lifeline.ts'
import type { Hash, PurchaseNonce } from '#std/brand.ts'
import { askWorker } from './claim.ts'
import { keepFirstRenditions } from './first-renditions.ts'
import { portUrl, registerChannel } from './port-scheme.ts'
import { findPosition, savePosition } from './position.ts'
import { loadShaka } from './shaka.ts'
import { StreamChannel } from './stream-channel.ts'

export type Playback = {
  /** Goes on where a failure stopped it. */
  retry(): void
  setControls(shown: boolean): void
  destroy(): Promise<void>
  /** The way to what is played. */
  readonly channel: StreamChannel
}

/** What is played: a purchase, or a viewing that pays and comes chunk by chunk. */
export type PlaybackSource =
  | { readonly type: 'channel'; readonly purchase: PurchaseNonce }
  | { readonly type: 'viewing'; readonly viewing: Hash }

type PlaybackPorts = {
  readonly video: HTMLVideoElement
  readonly container: HTMLElement
  readonly source: PlaybackSource
  readonly manifest: string
  /** Playback stands still, and why. */
  readonly failed: (failure: Failure) => void
}

/** Nobody chooses a quality, or seeks, in what pays by the chunk. */
const chunkControls = [
  'play_pause',
  'time_and_duration',
  'spacer',
  'mute',
  'volume',
  'captions',
  'fullscreen',
]
const controls = [...chunkControls.slice(0, -1), 'quality', 'fullscreen']

/** The next chunk comes when this one has played to its end: the player must not stop before. */
const chunkRebufferSeconds = 0.02

/** What is bought is what is buffered, so little is buffered: enough to bridge a host that fails. */
const bufferSeconds = 20
/** A worker that was stopped in the middle of a segment is back in 30 ms; a host that failed is replaced sooner. */
const retries = { maxAttempts: 6, baseDelay: 200, backoffFactor: 2, fuzzFactor: 0.3, timeout: 0 }

/** How often it is noted where the film is. */
const noteMs = 1_000
/** Whoever left so near the end has seen it, and begins anew. */
const endSeconds = 5

/** Plays a purchase in a video element, straight from the node, from where it was left. */
export async function startPlayback(ports: PlaybackPorts): Promise<Playback> {
  const { video, container, source, manifest, failed } = ports
  const isByChunk = source.type === 'viewing'
  const shaka = await loadShaka()
  const channel = new StreamChannel({
    broker: port => askWorker(source, port),
    lifelines: createLockLifelines(),
  })
  const unregister = registerChannel(shaka, channel)
  const player = new shaka.Player()
  await player.attach(video)
  const overlay = new shaka.ui.Overlay(player, container, video)
  overlay.configure({
    controlPanelElements: isByChunk ? chunkControls : controls,
    addSeekBar: !isByChunk,
    seekBarColors: { base: 'rgba(255,255,255,.3)', buffered: 'rgba(255,255,255,.5)', played: '#66c7c1' },
  })
  player.configure({
    manifest: {
      retryParameters: retries,
      // Of a chunk only what plays it is sent.
      ...(isByChunk ? { dash: { manifestPreprocessorTXml: keepFirstRenditions } } : {}),
    },
    streaming: {
      retryParameters: retries,
      bufferingGoal: bufferSeconds,
      rebufferingGoal: isByChunk ? chunkRebufferSeconds : 1,
      bufferBehind: 60,
    },
  })
  player.addEventListener('error', event => failed(failureIn(event)))
  const destroy = async (): Promise<void> => {
    await overlay.destroy()
    unregister()
    channel.close()
  }
  try {
    const position = isByChunk ? 0 : await findPosition(chrome.storage.local, source.purchase)
    await player.load(portUrl(manifest), position)
  } catch (thrown) {
    await destroy()
    throw new PlaybackError(failureOfShaka(thrown))
  }
  const stopNoting = isByChunk ? () => undefined : notePosition(video, source.purchase)
  return {
    channel,
    retry: () => {
      player.retryStreaming()
      void video.play().catch(() => undefined)
    },
    setControls: shown => overlay.setEnabled(shown),
    destroy: () => {
      stopNoting()
      return destroy()
    },
  }
}

/** Keeps where the film is while it plays, so that a player closed at any moment goes on there. */
function notePosition(video: HTMLVideoElement, purchase: PurchaseNonce): () => void {
  let noted = video.currentTime
  const timer = setInterval(() => {
    const { currentTime, duration } = video
    if (currentTime === noted || Number.isNaN(duration)) return
    noted = currentTime
    void savePosition(chrome.storage.local, purchase, currentTime > duration - endSeconds ? 0 : currentTime)
  }, noteMs)
  return () => clearInterval(timer)
}

/** Playback could not begin. */
export class PlaybackError extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}

const failureIn = (event: Event): Failure => failureOfShaka('detail' in event ? event.detail : undefined)

const errorSchema = v.object({ code: v.number(), data: v.array(v.unknown()) })
const badStatus = 1001

/** The worker says in a refusal's body what went wrong; all else is that nobody sent the bytes. */
function failureOfShaka(thrown: unknown): Failure {
  const error = v.safeParse(errorSchema, thrown)
  const body = error.success && error.output.code === badStatus ? error.output.data[2] : undefined
  const failure = v.safeParse(failureSchema, typeof body === 'string' ? parseJson(body) : undefined)
  if (failure.success) return failure.output
  return { code: 'host-unreachable', details: error.success ? { player: error.output.code } : {} }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
