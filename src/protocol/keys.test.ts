import { describe, expect, it } from 'vitest'
import type { Address, Hash, PublicKey, VideoId } from '#std/brand.ts'
import vectors from '../../test/vectors/keys.json' with { type: 'json' }
import { daemonNodeKeyPath, purchaseNodeKeyPath, walletKeyPath } from './keys.ts'
import { hostsTopicOf, topicOf } from './topic.ts'

describe('paths of keys', () => {
  it.each(vectors)('are found again from what is on the chain', ({ chainId, buyer, salt, path }) => {
    expect(purchaseNodeKeyPath(Number(chainId), buyer as Address, salt as Hash)).toBe(path)
  })

  it('are hardened numbers of 31 bits', () => {
    for (let i = 0; i < 50; i++) {
      const salt = `0x${i.toString(16).padStart(64, '0')}` as Hash
      const path = purchaseNodeKeyPath(1, `0x${'11'.repeat(20)}` as Address, salt)
      const [, a, b] = path.match(/^m\/44'\/60'\/0'\/7001'\/(\d+)'\/(\d+)'$/) ?? []
      expect(Number(a)).toBeLessThan(2 ** 31)
      expect(Number(b)).toBeLessThan(2 ** 31)
    }
  })

  it('are those of other Ethereum wallets for the wallet itself', () => {
    expect(walletKeyPath(3)).toBe("m/44'/60'/0'/0/3")
    expect(daemonNodeKeyPath).toBe("m/44'/60'/0'/7001'/0'/0'")
  })
})

describe('topics', () => {
  it('of mailboxes are the lowercase hex of the key', () => {
    expect(topicOf(`0x02${'ab'.repeat(32)}` as PublicKey)).toBe(`02${'ab'.repeat(32)}`)
  })

  it('of host lists name the video', () => {
    expect(hostsTopicOf(`0x${'11'.repeat(32)}` as Hash as VideoId)).toBe(`hosts/0x${'11'.repeat(32)}`)
  })
})
