import { openEnvelope, sealEnvelope } from '#protocol/envelope.ts'
import { identityOf } from '#protocol/signature.ts'
import { openSigned, signContent } from '#protocol/signed.ts'
import type { Crypto } from '#std/ports/crypto.ts'

/** Operations a second, of one adapter in one engine. */
export type CryptoRates = {
  readonly sign: number
  readonly verify: number
  readonly seal: number
  readonly open: number
}

const messageBytes = 1024

/** What mail does all day, over a message of 1 KiB: `sign` and `verify` are signed content, `seal` and `open` envelopes. */
export const measureCrypto = (crypto: Crypto, milliseconds: number): CryptoRates => {
  const data = new Uint8Array(messageBytes).fill(7)
  const sender = new Uint8Array(32).fill(1)
  const receiver = new Uint8Array(32).fill(2)
  const to = identityOf(crypto, receiver).publicKey
  const signed = signContent(crypto, data, sender)
  let made = 0
  const seal = (): Uint8Array => {
    const nonce = new Uint8Array(24)
    new DataView(nonce.buffer).setUint32(0, made++)
    const envelope = sealEnvelope(crypto, signed, to, {
      ephemeralSecretKey: new Uint8Array(32).fill(3),
      nonce,
    })
    if (envelope === undefined) throw new Error('not sealed')
    return envelope
  }
  const envelope = seal()
  const must = (ok: boolean): void => {
    if (!ok) throw new Error('refused')
  }
  const rate = (work: () => void): number => {
    for (let i = 0; i < 20; i++) work()
    const started = performance.now()
    let count = 0
    while (performance.now() - started < milliseconds) {
      for (let i = 0; i < 10; i++) work()
      count += 10
    }
    return Math.round((1000 * count) / (performance.now() - started))
  }
  return {
    sign: rate(() => void signContent(crypto, data, sender)),
    verify: rate(() => must(openSigned(crypto, signed).ok)),
    seal: rate(() => void seal()),
    open: rate(() => must(openEnvelope(crypto, envelope, receiver).ok)),
  }
}
