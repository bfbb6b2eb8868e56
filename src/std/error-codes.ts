/**
 * What went wrong decides what is done about it.
 * - Malformed: the bytes break the rules of the protocol. Drop them, lower the sender's score.
 * - Rejected: well formed, but refused (price, signature, balance, time). Asking again changes nothing.
 * - Unavailable: somebody or something cannot be reached now. Try again with backoff.
 * - Fault: our own bug or a broken store. Fail loudly.
 */
export type ErrorFamily = 'Malformed' | 'Rejected' | 'Unavailable' | 'Fault'

type CodeEntry = { readonly family: ErrorFamily; readonly text: string }

/**
 * The one registry of error codes: what peers, scripts and pages are told, and what people read.
 * Codes are never renamed nor reused. `docs/spec/errors.md` lists them (`node scripts/error-page.ts`).
 */
export const errorCodes = {
  // Bytes and documents
  'cid-malformed': { family: 'Malformed', text: 'This is not the address of a block that Paratii can read.' },
  'frame-malformed': { family: 'Malformed', text: 'The other side sent something that is not a frame.' },
  'frame-too-long': { family: 'Malformed', text: 'The other side sent more than a frame may hold.' },
  'frame-checksum': { family: 'Malformed', text: 'A frame arrived damaged.' },
  'signed-malformed': {
    family: 'Malformed',
    text: 'The other side sent something that is not signed content.',
  },
  'envelope-malformed': {
    family: 'Malformed',
    text: 'The other side sent something that is not an envelope.',
  },
  'envelope-signature': { family: 'Malformed', text: 'An envelope carries a wrong signature.' },
  'envelope-mac': { family: 'Malformed', text: 'An envelope was changed on its way.' },
  'message-malformed': { family: 'Malformed', text: 'A message could not be read.' },
  'message-too-long': { family: 'Malformed', text: 'A message is longer than messages may be.' },
  'document-malformed': {
    family: 'Malformed',
    text: 'A document lacks a field, or holds one that makes no sense.',
  },
  'receipt-digest': { family: 'Malformed', text: 'A receipt does not match the blocks it counts.' },
  'directory-malformed': {
    family: 'Malformed',
    text: 'The video is not put together as videos on Paratii are.',
  },
  'block-mismatch': {
    family: 'Malformed',
    text: 'A host sent wrong bytes. They were thrown away and not paid for.',
  },
  'request-malformed': { family: 'Malformed', text: 'This request could not be understood.' },
  'config-malformed': { family: 'Malformed', text: 'The configuration could not be read.' },
  // Signatures and time
  'signature-invalid': {
    family: 'Rejected',
    text: 'A signature does not belong to the one who should have signed.',
  },
  'signed-invalid': { family: 'Rejected', text: 'Signed content carries a wrong signature.' },
  'envelope-not-mine': { family: 'Rejected', text: 'This message is for somebody else.' },
  'message-not-mine': { family: 'Rejected', text: 'This message is for somebody else.' },
  'message-expired': { family: 'Rejected', text: 'This message came too late.' },
  'key-revoked': { family: 'Rejected', text: 'The key that signed this was revoked by its owner.' },
  'message-from-future': {
    family: 'Rejected',
    text: 'This message is dated in the future. Is a clock wrong?',
  },
  'message-replayed': { family: 'Rejected', text: 'This message was received before.' },
  unsupported: { family: 'Rejected', text: 'The other side does not know this kind of message.' },
  // Videos and orders
  'video-unknown': { family: 'Rejected', text: 'No such video is registered.' },
  'format-unknown': { family: 'Rejected', text: 'The video is not sold in this format.' },
  'path-unknown': { family: 'Rejected', text: 'The video has no such part.' },
  'range-invalid': { family: 'Rejected', text: 'This part of the video has no such bytes.' },
  'price-above-limit': { family: 'Rejected', text: 'The video costs more than you allow.' },
  'terms-changed': {
    family: 'Rejected',
    text: 'The publisher changed the terms. Nothing was paid; look at the new price.',
  },
  'order-mismatch': { family: 'Rejected', text: 'The order does not fit the video it is for.' },
  'terms-invalid': {
    family: 'Rejected',
    text: 'Nothing can be sold or promised on these terms: a price, a time or a share is out of range.',
  },
  'order-expired': { family: 'Rejected', text: 'The order is no longer valid. Nothing was paid.' },
  'order-used': { family: 'Rejected', text: 'This order was already used.' },
  'allotment-invalid': { family: 'Rejected', text: 'The order does not promise this host what it says.' },
  'allotment-exceeds-capacity': {
    family: 'Rejected',
    text: 'The order promises hosts more than it holds for them.',
  },
  'allotment-exhausted': { family: 'Rejected', text: 'This host has sent all it was promised payment for.' },
  'balance-too-low': { family: 'Rejected', text: 'There is not enough PTI in your account.' },
  'ether-too-low': { family: 'Rejected', text: 'There is not enough ether in your account for this.' },
  'relay-fee-too-low': { family: 'Rejected', text: 'The order does not pay what submitting it costs.' },
  // Purchases and the exchange
  'fee-above-terms': {
    family: 'Rejected',
    text: "A host asked for more than the video's fee. It was not used, and nothing was paid to it.",
  },
  'purchase-unknown': { family: 'Rejected', text: 'This purchase is not on the chain.' },
  'purchase-ended': { family: 'Rejected', text: 'This purchase has ended.' },
  'purchase-open': { family: 'Rejected', text: 'This has not ended yet. Try again when it has.' },
  'payment-required': { family: 'Rejected', text: 'The host waits for a receipt before it sends more.' },
  'receipt-mismatch': { family: 'Rejected', text: 'A receipt is for another purchase or another host.' },
  'receipt-goes-down': { family: 'Rejected', text: 'A receipt counts less than an earlier one.' },
  'request-replayed': { family: 'Rejected', text: 'This request was made before.' },
  'request-expired': { family: 'Rejected', text: 'This request came too late. Is a clock wrong?' },
  'not-replicated': { family: 'Rejected', text: 'This host does not keep that video.' },
  'not-listed': { family: 'Rejected', text: 'The publisher does not know this host.' },
  'rate-limited': { family: 'Unavailable', text: 'Too many requests. Try again in a moment.' },
  // The market
  'bid-expired': { family: 'Rejected', text: 'This bid is no longer valid.' },
  'bid-too-low': { family: 'Rejected', text: 'The publisher does not sell at this rate.' },
  'bid-unknown': { family: 'Rejected', text: 'Nobody here knows this bid. Nothing was paid.' },
  'bid-used': { family: 'Rejected', text: 'This bid was accepted before.' },
  'channel-unknown': { family: 'Rejected', text: 'This channel is not on the chain.' },
  'channel-ended': { family: 'Rejected', text: 'This channel is closed or about to close.' },
  'payment-short': { family: 'Rejected', text: 'Not enough was paid for the next part.' },
  'payment-goes-down': { family: 'Rejected', text: 'A payment promises less than an earlier one.' },
  'campaign-unknown': { family: 'Rejected', text: 'There is no such campaign.' },
  'campaign-ended': { family: 'Rejected', text: 'This campaign has ended.' },
  'campaign-exhausted': { family: 'Rejected', text: 'The campaign has no money left for this.' },
  'viewer-not-wanted': { family: 'Rejected', text: 'The campaign does not pay this viewer.' },
  'answer-wrong': { family: 'Rejected', text: 'The answer does not show that the part was received.' },
  'answer-late': { family: 'Rejected', text: 'The answer came too late to be paid.' },
  'presence-missing': { family: 'Rejected', text: 'The player was not seen playing for long enough.' },
  'chunk-out-of-turn': { family: 'Rejected', text: 'This part of the video is not due.' },
  'vote-expired': { family: 'Rejected', text: 'This vote can no longer be cast.' },
  // Wallet and extension
  'wallet-locked': { family: 'Rejected', text: 'Your wallet is locked.' },
  'wallet-absent': { family: 'Rejected', text: 'There is no wallet yet.' },
  'wallet-exists': { family: 'Rejected', text: 'There is already a wallet.' },
  'password-wrong': { family: 'Rejected', text: 'This password does not open the wallet.' },
  'phrase-invalid': { family: 'Rejected', text: 'This is not a valid recovery phrase.' },
  'phrase-other': { family: 'Rejected', text: 'This recovery phrase belongs to another wallet.' },
  'budget-exhausted': { family: 'Rejected', text: 'This would go beyond your budget.' },
  'user-refused': { family: 'Rejected', text: 'You said no. Nothing was paid.' },
  'not-permitted': { family: 'Rejected', text: 'This page may not do that.' },
  aborted: { family: 'Rejected', text: 'Stopped before it was done.' },
  // Files, media and configuration
  'file-absent': { family: 'Rejected', text: 'There is no such file.' },
  'file-corrupt': { family: 'Rejected', text: 'The file is damaged and cannot be read.' },
  'media-unsupported': { family: 'Rejected', text: 'The file is not a video that can be published.' },
  'tool-absent': { family: 'Rejected', text: 'A program that is needed is not installed.' },
  'config-absent': {
    family: 'Rejected',
    text: 'There is no configuration here yet. Run the init command first.',
  },
  'config-exists': { family: 'Rejected', text: 'There is already a configuration here.' },
  'usage-invalid': { family: 'Rejected', text: 'The command was not given what it needs.' },
  // Out of reach
  'folder-in-use': { family: 'Unavailable', text: 'Another program of Paratii is using this folder.' },
  'chain-unreachable': { family: 'Unavailable', text: 'The chain cannot be reached.' },
  'chain-mismatch': { family: 'Rejected', text: 'This is another chain than the one configured.' },
  'transaction-failed': { family: 'Rejected', text: 'The chain refused the transaction. Nothing was paid.' },
  'transaction-pending': { family: 'Unavailable', text: 'The transaction is not confirmed yet.' },
  'publisher-unreachable': { family: 'Unavailable', text: 'The publisher cannot be reached.' },
  'host-unreachable': { family: 'Unavailable', text: 'The host cannot be reached.' },
  'no-hosts': { family: 'Unavailable', text: 'No host can send this video now.' },
  'peer-unreachable': { family: 'Unavailable', text: 'The other side cannot be reached.' },
  'block-absent': { family: 'Unavailable', text: 'The host does not have this part of the video.' },
  'timed-out': { family: 'Unavailable', text: 'The other side took too long.' },
  stopping: { family: 'Unavailable', text: 'The program is stopping.' },
  // Our own
  'store-failed': { family: 'Fault', text: 'The local store failed.' },
  'tool-failed': { family: 'Fault', text: 'A program that was run failed.' },
  fault: { family: 'Fault', text: 'Something went wrong in Paratii itself.' },
} as const satisfies Record<string, CodeEntry>

export type ErrorCode = keyof typeof errorCodes
