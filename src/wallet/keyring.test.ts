import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { draftOrder } from '#payments/purchase.ts'
import { digestNodeKey, digestWallet } from '#protocol/order.ts'
import { identityOf, recoverAddress } from '#protocol/signature.ts'
import type { Address, FormatName, Hash, VideoId } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'
import { Keyring } from './keyring.ts'
import { signOrder } from './order-signer.ts'
import { parsePhrase } from './phrase.ts'

const phrase = orThrow(parsePhrase(`${'test '.repeat(11)}junk`))
const hashOf = (digits: string) => `0x${digits.repeat(32)}` as Hash
const addressOf = (digits: string) => `0x${digits.repeat(20)}` as Address
const idleMs = 3_600_000

function createKeyring() {
  let held: unknown
  const clock = createManualClock(1_000_000)
  const secrets = {
    read: async () => held,
    write: async (value: unknown) => {
      held = value
    },
    clear: async () => {
      held = undefined
    },
  }
  return {
    keyring: new Keyring({ secrets, crypto, clock }, async () => idleMs),
    clock,
    held: () => held,
    secrets,
  }
}

describe('the keyring', () => {
  it('derives the accounts that every wallet derives from the phrase', async () => {
    const { keyring } = createKeyring()
    await keyring.unlock(phrase)
    expect((await keyring.account(0)).address).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')
    expect((await keyring.account(1)).address).toBe('0x70997970c51812dc3a010c7d01b50e0d17dc79c8')
  })

  it('gives nothing while it is locked', async () => {
    const { keyring } = createKeyring()
    await expect(keyring.account(0)).rejects.toMatchObject({ code: 'wallet-locked' })
    await keyring.unlock(phrase)
    await keyring.lock()
    expect(await keyring.isUnlocked()).toBe(false)
    await expect(keyring.signWith(0, key => key.length)).rejects.toMatchObject({ code: 'wallet-locked' })
    await expect(keyring.purchaseKey(1, addressOf('11'), hashOf('22'))).rejects.toMatchObject({
      code: 'wallet-locked',
    })
  })

  it('locks itself when nothing was signed for long, and each signature starts the time anew', async () => {
    const { keyring, clock, held } = createKeyring()
    await keyring.unlock(phrase)
    clock.advance(idleMs - 1)
    await keyring.account(0)
    clock.advance(idleMs - 1)
    expect(await keyring.isUnlocked()).toBe(true)
    clock.advance(1)
    expect(await keyring.isUnlocked()).toBe(false)
    expect(held()).toBeUndefined()
  })

  it('locks itself when the clock goes back, for then nobody knows how long it was', async () => {
    const { keyring, secrets } = createKeyring()
    await keyring.unlock(phrase)
    const earlier = new Keyring({ secrets, crypto, clock: createManualClock(10) }, async () => idleMs)
    expect(await earlier.isUnlocked()).toBe(false)
  })

  it('wipes a key after it signed, also when signing fails', async () => {
    const { keyring } = createKeyring()
    await keyring.unlock(phrase)
    let seen = new Uint8Array(0)
    const signing = keyring.signWith(0, key => {
      seen = key as Uint8Array<ArrayBuffer>
      throw new RangeError('no')
    })
    await expect(signing).rejects.toThrow('no')
    expect(seen).toEqual(new Uint8Array(32))
  })

  it('gives each purchase a key of its own, the same again from the same salt', async () => {
    const { keyring } = createKeyring()
    await keyring.unlock(phrase)
    const keyOf = (chainId: number, salt: Hash) => keyring.purchaseKey(chainId, addressOf('11'), salt)
    expect(await keyOf(1, hashOf('22'))).toEqual(await keyOf(1, hashOf('22')))
    expect(await keyOf(1, hashOf('22'))).not.toEqual(await keyOf(1, hashOf('23')))
    expect(await keyOf(1, hashOf('22'))).not.toEqual(await keyOf(2, hashOf('22')))
  })
})

describe('a signed order', () => {
  it('carries a yes of the node key and of the wallet, each to exactly this order', async () => {
    const { keyring } = createKeyring()
    await keyring.unlock(phrase)
    const { address: buyer } = await keyring.account(0)
    const host = identityOf(crypto, new Uint8Array(32).fill(7))
    const draft = orThrow(
      draftOrder(crypto, {
        terms: {
          id: hashOf('aa') as Hash as VideoId,
          format: 'cmaf' as FormatName,
          root: hashOf('bb'),
          price: 400n,
          fee: 2n,
          ttl: 3600,
          size: 1000,
          owner: addressOf('cc'),
          affiliateBps: 0,
          avatarBps: 0,
        },
        hosts: [{ key: host.publicKey, payout: host.address }],
        capacity: 1250,
        buyer,
        salt: hashOf('dd'),
        relayFee: 0n,
        validUntil: 2_000_000_000,
        affiliate: addressOf('00'),
        chainId: 31337,
        store: addressOf('ee'),
        payment: 'authorization',
      }),
    )
    const token = addressOf('ff')
    const { order, nodeKey } = await signOrder(keyring, crypto, 0, draft, token)
    expect(
      recoverAddress(crypto, digestWallet(draft, order.IPFS_signature, token), order.wallet_signature),
    ).toBe(buyer)
    expect(recoverAddress(crypto, digestNodeKey(draft), order.IPFS_signature)).toBe(
      identityOf(crypto, nodeKey).address,
    )
    const other = { ...draft, validUntil: draft.validUntil + 1 }
    expect(
      recoverAddress(crypto, digestWallet(other, order.IPFS_signature, token), order.wallet_signature),
    ).not.toBe(buyer)
  })
})
