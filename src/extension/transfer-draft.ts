import type { RequestParams } from '#bridge/contract.ts'
import { keccak256 } from '#protocol/hash.ts'
import { encodeWords } from '#protocol/words.ts'
import type { Address, Hex } from '#std/brand.ts'
import { bytesFromUtf8, concatBytes, hexFromBytes } from '#std/bytes.ts'
import type { Draft } from './sending.ts'

export type SendAsked = RequestParams<'send-quote'>

/** The transaction by which a person sends PTI (`token`: its contract), or ether: with a description by `SendEther`. */
export async function draftTransfer(
  { to, wei, description }: SendAsked,
  token: Address | undefined,
  findSendEther: () => Promise<Address>,
): Promise<Draft> {
  if (token !== undefined) {
    const words = encodeWords([
      ['address', to],
      ['uint256', wei],
    ])
    return { to: token, valueWei: 0n, data: callData('transfer(address,uint256)', words) }
  }
  if (description === undefined || description === '') return { to, valueWei: wei, data: '0x' }
  const text = bytesFromUtf8(description)
  const padded = new Uint8Array(Math.ceil(text.length / 32) * 32)
  padded.set(text)
  const head = encodeWords([
    ['address', to],
    ['uint256', 64],
    ['uint256', text.length],
  ])
  return {
    to: await findSendEther(),
    valueWei: wei,
    data: callData('send(address,string)', concatBytes(head, padded)),
  }
}

const callData = (signature: string, words: Uint8Array): Hex =>
  hexFromBytes(concatBytes(keccak256(bytesFromUtf8(signature)).subarray(0, 4), words))
