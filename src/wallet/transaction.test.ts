import { Transaction, Wallet } from 'ethers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import type { Address, Hex } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { readCall } from './call-meaning.ts'
import { mostWei, signTransaction } from './transaction.ts'

const key = new Uint8Array(32).fill(9)
const [to, other] = [`0x${'aa'.repeat(20)}`, `0x${'0b'.repeat(20)}`] as Address[]
const word = (value: bigint | string) =>
  (typeof value === 'string' ? value.slice(2) : value.toString(16)).padStart(64, '0')

describe('a transaction', () => {
  it('is what every node reads, whatever is in it', async () => {
    const { address } = new Wallet(hexFromBytes(key))
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          chainId: fc.integer({ min: 1, max: 2 ** 40 }),
          nonce: fc.nat(),
          to: fc.constantFrom(to, undefined),
          valueWei: fc.bigInt(0n, 1n << 90n),
          data: fc.uint8Array({ maxLength: 200 }).map(bytes => hexFromBytes(bytes)),
          gas: fc.bigInt(21_000n, 1n << 30n),
          maxFeeWei: fc.bigInt(1n << 40n, 1n << 50n),
          priorityFeeWei: fc.bigInt(0n, 1n << 40n),
        }),
        async fields => {
          const { raw, hash } = signTransaction(crypto, fields, key)
          const read = Transaction.from(raw)
          expect(read).toMatchObject({
            hash,
            from: address,
            type: 2,
            nonce: fields.nonce,
            value: fields.valueWei,
            data: fields.data,
            gasLimit: fields.gas,
            maxFeePerGas: fields.maxFeeWei,
            maxPriorityFeePerGas: fields.priorityFeeWei,
          })
          expect(read.to?.toLowerCase() ?? undefined).toBe(fields.to)
          expect(mostWei(fields)).toBe(fields.valueWei + fields.gas * fields.maxFeeWei)
        },
      ),
      { numRuns: 50 },
    )
  })

  it.each([
    ['0x', { does: 'send-ether' }],
    [`0xa9059cbb${word(other ?? '')}${word(5n)}`, { does: 'transfer', to: other, amount: 5n }],
    [`0x095ea7b3${word(other ?? '')}${word(0n)}`, { does: 'approve', spender: other, amount: 0n }],
    [`0xa22cb465${word(other ?? '')}${word(1n)}`, { does: 'approve-all', operator: other, allowed: true }],
    [
      `0x23b872dd${word(to ?? '')}${word(other ?? '')}${word(7n)}`,
      { does: 'transfer-from', from: to, to: other, amount: 7n },
    ],
    // An address with dirty upper bytes, or one word too many, is not what it looks like.
    [`0xa9059cbb${'f'.repeat(64)}${word(5n)}`, { does: 'call', selector: '0xa9059cbb' }],
    [`0xa9059cbb${word(other ?? '')}${word(5n)}00`, { does: 'call', selector: '0xa9059cbb' }],
    ['0x12345678', { does: 'call', selector: '0x12345678' }],
  ])('is said in words: %s', (data, meaning) => {
    expect(readCall(to, data as Hex)).toEqual(meaning)
    expect(readCall(undefined, data as Hex)).toEqual({ does: 'create-contract' })
  })
})
