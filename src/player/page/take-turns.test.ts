import { describe, expect, it } from 'vitest'
import { type TurnPorts, takeTurns } from './take-turns.ts'

type Said = { chunk: number; visibleMs: number; code: string }

/** A player of two chunks of 2 s that plays 100 ms at each look, as far as its chunk has come. */
const createStage = (options: { code?: string; isSeen?: (at: number) => boolean } = {}) => {
  const said: Said[] = []
  const player = { currentTime: 0, ended: false, paused: false }
  let [given, nowMs, typed] = [0, 0, '']
  const ports: TurnPorts = {
    async turn(after) {
      given = after + 2
      return after >= 1
        ? { ended: 'done' }
        : { chunk: after + 1, code: after === -1 ? (options.code ?? '') : '' }
    },
    played: async played => void said.push(played),
    player,
    isSeen: () => options.isSeen?.(player.currentTime) ?? true,
    showCode() {
      typed = ''
    },
    readCode: () => typed,
    async moment() {
      nowMs += 100
      player.currentTime = Math.min(player.currentTime + 0.1, given * 2 - 0.05, 4)
      if (nowMs > 5_000) typed = 'abcd'
    },
    nowMs: () => nowMs,
    chunkSeconds: 2,
    length: 4,
  }
  return { ports, said, clock: () => nowMs }
}

describe('the turns of a viewing that pays', () => {
  it('are each over when the chunk has played, no sooner than it lasts, and say the time that was seen', async () => {
    const { ports, said, clock } = createStage()
    expect(await takeTurns(ports)).toBe('done')
    expect(said).toEqual([
      { chunk: 0, visibleMs: 2000, code: '' },
      { chunk: 1, visibleMs: 2000, code: '' },
    ])
    expect(clock()).toBeGreaterThanOrEqual(4000)
  })

  it('count nothing that nobody could see', async () => {
    const { ports, said } = createStage({ isSeen: at => at > 1.05 })
    await takeTurns(ports)
    expect(said[0]?.visibleMs).toBeGreaterThan(700)
    expect(said[0]?.visibleMs).toBeLessThan(1100)
    expect(said[1]?.visibleMs).toBe(2000)
  })

  it('wait for the code that a chunk shows', async () => {
    const { ports, said, clock } = createStage({ code: 'abcd' })
    await takeTurns(ports)
    expect(said[0]).toMatchObject({ chunk: 0, code: 'abcd' })
    expect(clock()).toBeGreaterThan(5_000)
  })
})
