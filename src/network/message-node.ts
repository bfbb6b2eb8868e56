import { generateKeyPair, privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { yamux } from '@libp2p/yamux'

/** The libp2p node that messages and exchanges travel by. */
export type MessageNode = Libp2p

/** What nodes of daemons and of browsers have in common. */
export const sharedOptions = () => {
  return {
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    // libp2p refuses private addresses by default; a local network and loopback are ours to use.
    connectionGater: { denyDialMultiaddr: () => false },
  }
}

/**
 * How WebRTC finds the address that it is seen at: by these servers (`stun:HOST:PORT`), and by none if there are none. Left
 * to itself libp2p asks public ones.
 */
export const iceServersOf = (stun: readonly string[]) => ({
  rtcConfiguration: { iceServers: stun.map(urls => ({ urls })) },
})

/** The libp2p form of a secp256k1 key of 32 bytes; a random key when there is none. */
export const libp2pKey = async (nodeKey: Uint8Array | undefined): Promise<PrivateKey> => {
  return nodeKey === undefined ? generateKeyPair('secp256k1') : privateKeyFromRaw(nodeKey)
}

/** The peer id (`16Uiu2…`) of a compressed secp256k1 public key. */
export const peerOfPublicKey = (publicKey: Uint8Array): PeerId =>
  peerIdFromPublicKey(publicKeyFromRaw(publicKey))
