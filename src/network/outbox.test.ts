import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { sealMail } from '#protocol/mail.ts'
import { identityOf } from '#protocol/signature.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { Outbox } from './outbox.ts'

const mail = (byte: number, expires: number) => ({
  id: hexFromBytes(new Uint8Array(16).fill(byte)),
  envelope: new Uint8Array([byte]),
  expires,
})
const never = new AbortController().signal

/** An outbox whose deliveries fail with the codes given, then succeed. */
const start = async (
  codes: (ConstructorParameters<typeof ParatiiError>[0] | 'carried')[],
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
      if (code === 'carried') return false
      if (code !== undefined) throw new ParatiiError(code)
      return true
    },
    onRefused: (_slot, error) => refused.push(error.code),
  })
  const stored = async () => (await records.list('mail-outbox', '')).length
  return { outbox, clock, sent, refused, stored, records }
}

describe('the outbox', () => {
  it('sends again until acknowledged, then forgets', async () => {
    const { outbox, clock, sent, stored } = await start(['peer-unreachable', 'timed-out'])
    await outbox.put('slot', 'owner', mail(1, 1e9))
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
    await first.outbox.put('slot', 'owner', mail(1, 1e9))
    await expect.poll(() => first.sent.length).toBe(1)
    await first.outbox.stop()
    const second = await start([], first.records)
    await second.outbox.drain(never)
    expect(second.sent).toEqual([1])
    expect(await second.stored()).toBe(0)
  })

  it('lets a newer envelope take the place of an older one', async () => {
    const { outbox, sent, stored } = await start(['peer-unreachable'])
    await outbox.put('slot', 'owner', mail(1, 1e9))
    await expect.poll(() => sent.length).toBe(1)
    await outbox.put('slot', 'owner', mail(2, 1e9))
    await outbox.drain(never)
    expect(sent).toEqual([1, 2])
    expect(await stored()).toBe(0)
  })

  it('counts a letter that was read before as delivered', async () => {
    const { outbox, refused, stored } = await start(['message-replayed'])
    await outbox.put('slot', 'owner', mail(1, 1e9))
    await outbox.drain(never)
    expect([refused, await stored()]).toEqual([[], 0])
  })

  it('gives up on what is refused or too old, and says so', async () => {
    const { outbox, refused, stored } = await start(['signature-invalid', 'peer-unreachable'])
    await outbox.put('a', 'owner', mail(1, 1e9))
    await outbox.put('b', 'owner', mail(2, 0))
    await outbox.drain(never)
    expect(refused.sort()).toEqual(['peer-unreachable', 'signature-invalid'])
    expect(await stored()).toBe(0)
  })
})

describe('mail that goes by a relay', () => {
  const secret = (byte: number) => new Uint8Array(32).fill(byte)
  const keyOf = (byte: number) => identityOf(cryptoNoble, secret(byte)).publicKey
  const id = hexFromBytes(new Uint8Array(16).fill(9))
  const body = { of: id }
  const to = keyOf(2)
  const message = { v: 1, type: 'ack', id, to, replyTo: keyOf(1), at: 0, expires: 1e9, body } as const
  const secrets = { ephemeralSecretKey: secret(3), nonce: new Uint8Array(24) }
  const envelope = sealMail(cryptoNoble, message, secret(1), secrets) ?? new Uint8Array(0)
  const carried = { id, envelope, expires: 1e9 }

  it('stays stored until its receiver, and nobody else, says that it came', async () => {
    const { outbox, sent, refused, stored } = await start(['carried'])
    await outbox.put('slot', 'owner', carried)
    await expect.poll(() => sent.length).toBe(1)
    expect(await stored()).toBe(1)
    expect(() => outbox.acknowledge(keyOf(4), id)).toThrow(expect.objectContaining({ code: 'not-permitted' }))
    outbox.acknowledge(keyOf(2), hexFromBytes(new Uint8Array(16)))
    expect(await stored()).toBe(1)
    outbox.acknowledge(keyOf(2), id)
    await outbox.drain(never)
    expect(await stored()).toBe(0)
    expect([sent.length, refused]).toEqual([1, []])
  })

  it('is given up where its receiver refuses it', async () => {
    const { outbox, sent, refused, stored } = await start(['carried'])
    await outbox.put('slot', 'owner', carried)
    await expect.poll(() => sent.length).toBe(1)
    outbox.acknowledge(keyOf(2), id, 'receipt-goes-down')
    await outbox.drain(never)
    expect([await stored(), refused]).toEqual([0, ['receipt-goes-down']])
  })

  it('is sent again, and given up when it expires', async () => {
    const { outbox, clock, refused, stored } = await start(
      Array.from({ length: 99 }, () => 'carried' as const),
    )
    await outbox.put('slot', 'owner', { ...carried, expires: 200_000 })
    await expect
      .poll(async () => {
        clock.advance(60_000)
        return stored()
      })
      .toBe(0)
    expect(refused).toEqual(['message-expired'])
  })
})
