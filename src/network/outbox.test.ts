import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { ParatiiError } from '#std/error.ts'
import { Outbox } from './outbox.ts'

const letter = (byte: number) => new Uint8Array([byte])
const never = new AbortController().signal

/** An outbox whose deliveries fail with the codes given, then succeed. */
const start = async (
  codes: ConstructorParameters<typeof ParatiiError>[0][],
  records = createMemoryRecords(),
) => {
  const clock = createManualClock(0)
  const sent: number[] = []
  const refused: string[] = []
  const outbox = await Outbox.start({
    records,
    clock,
    async deliver(_to, envelope) {
      sent.push(envelope[0] ?? -1)
      const code = codes.shift()
      if (code !== undefined) throw new ParatiiError(code)
    },
    onRefused: (_slot, error) => refused.push(error.code),
  })
  const stored = async () => (await records.list('mail-outbox', '')).length
  return { outbox, clock, sent, refused, stored, records }
}

describe('the outbox', () => {
  it('sends again until acknowledged, then forgets', async () => {
    const { outbox, clock, sent, stored } = await start(['peer-unreachable', 'timed-out'])
    await outbox.put('slot', 'owner', letter(1), 1e9)
    await expect
      .poll(async () => {
        clock.advance(60_000)
        return stored()
      })
      .toBe(0)
    expect(sent).toEqual([1, 1, 1])
  })

  it('goes on after a restart', async () => {
    const first = await start(['peer-unreachable'])
    await first.outbox.put('slot', 'owner', letter(1), 1e9)
    await expect.poll(() => first.sent.length).toBe(1)
    await first.outbox.stop()
    const second = await start([], first.records)
    await second.outbox.drain(never)
    expect(second.sent).toEqual([1])
    expect(await second.stored()).toBe(0)
  })

  it('lets a newer envelope take the place of an older one', async () => {
    const { outbox, sent, stored } = await start(['peer-unreachable'])
    await outbox.put('slot', 'owner', letter(1), 1e9)
    await expect.poll(() => sent.length).toBe(1)
    await outbox.put('slot', 'owner', letter(2), 1e9)
    await outbox.drain(never)
    expect(sent).toEqual([1, 2])
    expect(await stored()).toBe(0)
  })

  it('counts a letter that was read before as delivered', async () => {
    const { outbox, refused, stored } = await start(['message-replayed'])
    await outbox.put('slot', 'owner', letter(1), 1e9)
    await outbox.drain(never)
    expect([refused, await stored()]).toEqual([[], 0])
  })

  it('gives up on what is refused or too old, and says so', async () => {
    const { outbox, refused, stored } = await start(['signature-invalid', 'peer-unreachable'])
    await outbox.put('a', 'owner', letter(1), 1e9)
    await outbox.put('b', 'owner', letter(2), 0)
    await outbox.drain(never)
    expect(refused.sort()).toEqual(['peer-unreachable', 'signature-invalid'])
    expect(await stored()).toBe(0)
  })
})
