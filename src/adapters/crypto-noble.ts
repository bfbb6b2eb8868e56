import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as secp from '@noble/secp256k1'
import type { Crypto } from '#std/ports/crypto.ts'

secp.hashes.sha256 = sha256
secp.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message)

const checkDigest = (digest: Uint8Array): void => {
  if (digest.length !== 32) throw new RangeError('a digest has 32 bytes')
}

const checkSecretKey = (secretKey: Uint8Array): void => {
  if (!secp.utils.isValidSecretKey(secretKey)) throw new RangeError('not a secret key')
}

/** What a peer sent may be anything: whatever the library throws for it is the same as no answer. */
const attempt = <T>(compute: () => T): T | undefined => {
  try {
    return compute()
  } catch {
    return undefined
  }
}

/** secp256k1 in JavaScript, for browsers and everywhere else. */
export const cryptoNoble: Crypto = {
  publicKey(secretKey) {
    checkSecretKey(secretKey)
    return secp.getPublicKey(secretKey, true)
  },
  sign(digest, secretKey) {
    checkDigest(digest)
    checkSecretKey(secretKey)
    const recovered = secp.sign(digest, secretKey, { prehash: false, lowS: true, format: 'recovered' })
    // R's x is above the group order for 2^-128 of all nonces; its bit cannot be written, nor will it be met.
    return { bytes: recovered.slice(1), recovery: recovered[0] === 1 ? 1 : 0 }
  },
  verify(signature, digest, publicKey) {
    checkDigest(digest)
    if (signature.length !== 64 || publicKey.length !== 33) return false
    return attempt(() => secp.verify(signature, digest, publicKey, { prehash: false, lowS: true })) ?? false
  },
  recover(signature, recovery, digest) {
    checkDigest(digest)
    if (signature.length !== 64) return undefined
    return attempt(() => {
      if (secp.Signature.fromBytes(signature, 'compact').hasHighS()) return undefined
      const recovered = new Uint8Array(65)
      recovered[0] = recovery
      recovered.set(signature, 1)
      return secp.recoverPublicKey(recovered, digest, { prehash: false })
    })
  },
  ecdh(secretKey, publicKey) {
    checkSecretKey(secretKey)
    if (publicKey.length !== 33) return undefined
    return attempt(() => secp.getSharedSecret(secretKey, publicKey, true).slice(1))
  },
  uncompress(publicKey) {
    if (publicKey.length !== 33) return undefined
    return attempt(() => secp.Point.fromBytes(publicKey).toBytes(false))
  },
}
