/** A fault planted in a contract, and the tests that must notice it. */
export type Mutant = {
  /** What the fault does, as a sentence. */
  readonly name: string
  /** Below contracts/. */
  readonly file: string
  /** Text that stands in the file exactly once. */
  readonly from: string
  readonly to: string
  /** Below test/contracts/. */
  readonly tests: readonly string[]
}

const channels = ['Open', 'Close', 'Attacks'].map(name => `PaymentChannels/${name}.t.sol`)
const settling = ['VideoStore/Settle.t.sol', 'VideoStore/Tree.t.sol']
const closing = ['VideoStore/Close.t.sol', 'VideoStore/Together.t.sol', 'VideoStore/Tree.t.sol']
const purchasing = ['VideoStore/Purchase.t.sol', 'VideoStore/Again.t.sol']
const campaigns = ['Campaigns/Campaigns.t.sol']
const avatar = ['ParatiiAvatar/ParatiiAvatar.t.sol']

const inFile = (
  file: string,
  tests: readonly string[],
  faults: readonly (readonly [string, string, string])[],
) => faults.map(([name, from, to]): Mutant => ({ name, file, from, to, tests }))

export const mutants: readonly Mutant[] = [
  ...inFile('PaymentChannels.sol', channels, [
    [
      'any signature is a balance proof',
      'balance, signature) != expected)',
      'balance, signature) == address(0))',
    ],
    ['a batch takes any signature', '!= signer\n            ) reason', '== address(0)\n            ) reason'],
    ['a late challenge is paid', 'if (_hasEnded(word)) revert PaymentChannels_Ended(word.end());', ''],
    ['a batch pays late challenges', 'else if (_hasEnded(word)) reason = SkipReason.Ended;', ''],
    ['a close is settled at once', 'if (!_hasEnded(word)) revert PaymentChannels_NotEnded(word.end());', ''],
    [
      'a second close moves the end',
      'if (word.end() != 0) revert PaymentChannels_Closing(channel);\n        if (balance',
      'if (balance',
    ],
    ['a channel is closed above its deposit', ' || balance > word.deposit()) revert', ') revert'],
    [
      'a channel is closed without its payee',
      'if (msg.sender != route.payee) _check(',
      'if (msg.sender == address(0)) _check(',
    ],
    [
      'anybody asks for a close',
      'if (msg.sender != route.payer && msg.sender != route.signer) revert PaymentChannels_NotAllowed(msg.sender);',
      '',
    ],
  ]),
  ...inFile('base/ChannelOpening.sol', channels, [
    [
      'a delegate spends the payer’s tokens',
      'laneForDelegate(msg.sender, lane), deposit);\n        _take(msg.sender',
      'laneForDelegate(msg.sender, lane), deposit);\n        _take(payer',
    ],
    ['a delegate occupies the payer’s lane', 'laneForDelegate(msg.sender, lane), deposit)', 'lane, deposit)'],
    ['an acceptance serves twice', 'if (counter != 1) revert PaymentChannels_Exists(channel);', ''],
    [
      'an open lane is opened again',
      'if (word.deposit() != 0) revert PaymentChannels_Exists(_idOf(key, counter));',
      '',
    ],
    [
      'a top-up goes through while closing',
      'if (word.end() != 0) revert PaymentChannels_Closing(channel);\n        if (added',
      'if (added',
    ],
    [
      'an acceptance needs no signature',
      'if (!_agrees(acceptance.payee, digest, payee)) revert PaymentChannels_BadSignature();',
      '',
    ],
    [
      'any token opens channels',
      'if (msg.sender != address(token)) revert PaymentChannels_NotAllowed(msg.sender);',
      '',
    ],
  ]),
  ...inFile('base/ChannelBook.sol', channels, [
    ['more than the deposit is withdrawn', 'if (balance > deposit) balance = deposit;', ''],
    [
      'a close below what was withdrawn underflows',
      'balance > withdrawn ? balance - withdrawn : 0',
      'balance - withdrawn',
    ],
  ]),
  ...inFile('libraries/ChannelWord.sol', channels, [
    ['a reopened channel takes the old proofs', '(word.counter() + 1) << 216', '(word.counter() | 1) << 216'],
  ]),
  ...inFile('base/Purchasing.sol', purchasing, [
    ['an order serves twice', 'if (PurchaseWords.load(nonce).exists()) revert VideoStore_Exists(nonce);', ''],
    [
      'an edit changes what is paid',
      'if (videos.termsHash(id, format) != termsHash) revert VideoStore_TermsChanged(id, format);',
      '',
    ],
    [
      'a void order is served',
      'if (block.timestamp >= order.validUntil) revert VideoStore_OrderExpired(order.validUntil);',
      '',
    ],
    ['more is promised than is escrowed', ' || Allotments.sum(order.allotments) > deal.capacity', ''],
    [
      'anybody’s wallet signs',
      'if (from == address(0) || from != order.buyer) {',
      'if (from == address(0)) {',
    ],
    [
      'who owns nothing buys again for free',
      'if (!_owns(order.buyer, earlier, named, owned.size)) revert VideoStore_NotOwned();',
      '',
    ],
    ['too few tokens open a purchase', ' || value != _total(order)) revert', ') revert'],
  ]),
  ...inFile('base/Settling.sol', settling, [
    ['bytes counted before are paid again', 'newly = byteCount - before;', 'newly = byteCount;'],
    [
      'any signature is a receipt',
      'counts = digest.recover(receipt.signature) == group.signer;',
      'counts = true;',
    ],
    [
      'a receipt of a tree counts after the end',
      'if (block.timestamp >= word.end()) return (false, SkipReason.Ended);',
      '',
    ],
    ['a leaf of any tree counts', 'return fits && root == expected;', 'return fits;'],
  ]),
  ...inFile('libraries/PinnedReceipts.sol', settling, [
    [
      'a pinned host is paid above its cap',
      'if gt(byteCount, mload(add(p, 0x1e0))) { byteCount := mload(add(p, 0x1e0)) }',
      '',
    ],
    ['a pinned host’s receipt counts after the end', 'lt(timestamp(), and(shr(24, word), 0xffffffff))', '1'],
    [
      'a pinned host’s receipt needs no signature',
      'if iszero(and(eq(mload(0x00), mload(add(p, 0x20))), iszero(gt(s, _HALF_ORDER)))) {',
      'if 0 {',
    ],
  ]),
  ...inFile(
    'libraries/Allotments.sol',
    ['VideoStore/Tree.t.sol', ...closing],
    [['sums of a branch overflow', 'if (total > SUM_MASK) return (false, root);', '']],
  ),
  ...inFile('libraries/Tallies.sol', settling, [
    [
      'the affiliate is paid twice',
      'tally.toOwner += toOwner - fromOwner;',
      'tally.toOwner += toOwner - fromOwner + (to - from) - (toRest - fromRest);',
    ],
  ]),
  ...inFile('base/Closing.sol', closing, [
    [
      'the rest is reclaimed twice',
      'if (word.reclaimed()) revert VideoStore_AlreadyReclaimed(nonce);\n        if (word.proposed())',
      'if (word.proposed())',
    ],
    ['a list is passed over by a reclaim', 'if (word.proposed()) revert VideoStore_Proposed(nonce);', ''],
    [
      'further trees promise more than is escrowed',
      '\n                || total + Allotments.sum(first) > deal.capacity',
      '',
    ],
    [
      'anybody asks for the end',
      'if (msg.sender != signer && msg.sender != _buyerOf(word, buyer)) revert VideoStore_NotAllowed();',
      '',
    ],
    [
      'a second request puts the end off',
      'if (word.closing() || block.timestamp >= word.end()) revert VideoStore_Closing(nonce);\n        uint256 end',
      'uint256 end',
    ],
    [
      'a list leaves hosts out',
      'if (root != (tree == 0 ? ending.allotments : further[tree - 1])) revert VideoStore_BadAllotments();',
      '',
    ],
    [
      'a list needs no host',
      'if (host == address(0) || digest.recover(signatures[i + 1]) != host) revert VideoStore_NotAllowed();',
      '',
    ],
    ['a list pays what receipts paid', 'if (paid.length != 0) newly -= paid[i];', ''],
    ['a list pays above caps', 'if (byteCount > cap) byteCount = cap;', ''],
  ]),
  ...inFile('Campaigns.sol', campaigns, [
    ['batches promise more than the deposit', 'allotted > stored.deposit || ', ''],
    ['a viewer earns above the most', 'if (units > maximum) units = maximum;', ''],
    ['a viewer earns above its allotment', 'if (units > proof.cap) units = proof.cap;', ''],
    [
      'any signature is a proof',
      'else if (_signerOf(campaign, proof) != stored.signer) reason = SkipReason.BadSignature;',
      '',
    ],
    [
      'an advertiser takes the rest too early',
      'if (block.timestamp < stored.end + PERIOD) revert Campaigns_NotEnded(stored.end + PERIOD);',
      '',
    ],
    [
      'anybody allots',
      'if (_hashTypedDataV4(structHash).recover(signature) != stored.signer) revert Campaigns_BadSignature();',
      '',
    ],
  ]),
  ...inFile('ParatiiAvatar.sol', avatar, [
    [
      'an operator acts for who has left',
      'if (!token.isManaged(user)) revert ParatiiAvatar_NotManaged(user);',
      '',
    ],
    ['the daily limit does not hold', 'if (leftToday < left) left = leftToday;', ''],
    ['the total does not hold', 'mandate.spent += amount;', ''],
  ]),
  ...inFile(
    'base/Payouts.sol',
    [...channels, ...settling, ...closing],
    [
      ['of two payments one goes to the other', 'or(shl(96, to), amount)', 'or(shl(96, other), amount)'],
      ['the last of several payments is left out', 'words[2] = count;', 'words[2] = count - 1;'],
    ],
  ),
  ...inFile(
    'VideoRegistry.sol',
    ['VideoRegistry/VideoRegistry.t.sol'],
    [['a video is sold on too short a time', 'format.ttl < MIN_TTL || ', '']],
  ),
  ...inFile(
    'ParatiiToken.sol',
    ['ParatiiToken/Managed.t.sol'],
    [
      [
        'anybody makes an account a managed one',
        'if (signer == address(0) || signer != user) revert ParatiiToken_BadSignature();',
        '',
      ],
      [
        'an account that owns tokens is created',
        'if (balanceOf(user) != 0) revert ParatiiToken_OwnsTokens(user);',
        '',
      ],
    ],
  ),
  ...inFile(
    'base/Votes.sol',
    ['UserRegistry/Votes.t.sol'],
    [
      [
        'an old vote replaces a newer one',
        'if (one.sequence <= _votes[one.user][one.video].sequence) return false;',
        '',
      ],
    ],
  ),
  {
    name: 'high s is taken',
    file: 'libraries/CompactSignatures.sol',
    from: 'if iszero(gt(s, _HALF_ORDER)) { signer := mload(0x00) }',
    to: 'signer := mload(0x00)',
    tests: settling,
  },
]
