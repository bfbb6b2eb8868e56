import type { Turn } from './stream-channel.ts'

/** A player as turns are taken with it. Seconds. */
export type TurnPlayer = {
  readonly currentTime: number
  readonly ended: boolean
  readonly paused: boolean
}

export type TurnPorts = {
  turn(after: number): Promise<Turn>
  played(played: { chunk: number; visibleMs: number; code: string }): Promise<void>
  readonly player: TurnPlayer
  /** The player is in plain sight now. */
  isSeen(): boolean
  /** Shows a code; what {@link readCode} answers is what was typed. */
  showCode(code: string): void
  readCode(): string
  /** Resolves when it is time to look again; rejects when the page leaves. */
  moment(): Promise<void>
  nowMs(): number
  readonly chunkSeconds: number
  /** Seconds of the video. */
  readonly length: number
}

/** Where a chunk ends, a player may stand a little before it: media is not cut to the millisecond. */
const endSlackSeconds = 0.15
/** More than this between two looks is a jump, and no time that was watched. */
const longestLookSeconds = 1

/**
 * Takes a viewing's turns with a player: each chunk is over when it has played to its end, no sooner than it lasts, and
 * its code, if it has one, was typed. What is said of it is the time that it was both playing and seen. Resolves with how
 * the viewing ended.
 */
export async function takeTurns(ports: TurnPorts): Promise<string> {
  let after = -1
  for (;;) {
    const turn = await ports.turn(after)
    if ('ended' in turn) return turn.ended
    await ports.played(await playChunk(ports, turn.chunk, turn.code))
    after = turn.chunk
  }
}

async function playChunk(ports: TurnPorts, chunk: number, code: string) {
  const { chunkSeconds, length, player } = ports
  const startsAt = chunk * chunkSeconds
  const endsAt = Math.min(startsAt + chunkSeconds, length)
  const dueMs = ports.nowMs() + (endsAt - startsAt) * 1000
  const place = (): number => Math.min(Math.max(player.currentTime, startsAt), endsAt)
  const isOver = (): boolean =>
    (player.ended || player.currentTime >= endsAt - endSlackSeconds) && ports.nowMs() >= dueMs
  ports.showCode(code)
  let at = place()
  let visibleSeconds = 0
  while (!isOver() || (code !== '' && ports.readCode() === '')) {
    await ports.moment()
    const now = place()
    if (ports.isSeen() && now > at && now - at <= longestLookSeconds) visibleSeconds += now - at
    at = now
  }
  // What is left of it plays on, before the same eyes.
  if (ports.isSeen() && endsAt - at <= endSlackSeconds) visibleSeconds += endsAt - at
  return {
    chunk,
    visibleMs: Math.round(visibleSeconds * 1000),
    code: code === '' ? '' : ports.readCode(),
  }
}
