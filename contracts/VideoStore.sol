// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ParatiiRegistry} from "./ParatiiRegistry.sol";
import {ParatiiToken} from "./ParatiiToken.sol";
import {IVideoStoreTypes} from "./interfaces/IVideoStoreTypes.sol";
import {IVideoTerms} from "./interfaces/IVideoTerms.sol";
import {Allotments} from "./libraries/Allotments.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";
import {Deal, Deals, Terms} from "./libraries/Deals.sol";
import {PurchaseWord, PurchaseWords} from "./libraries/PurchaseWord.sol";
import {PinnedReceipts} from "./libraries/PinnedReceipts.sol";
import {SignedStructs} from "./libraries/SignedStructs.sol";
import {Tallies, Tally} from "./libraries/Tallies.sol";

/// @title Purchases of video: escrow, receipts, payouts
/// @notice A purchase is opened by the buyer's signed order and named by the hash of everything about it that never
/// changes (its nonce); it is one storage slot under that name. Hosts and owner are paid for the bytes that the
/// purchase's own key, the signer, has put in receipts; the rest of the escrow returns to the buyer.
/// @dev Nonce: keccak256(abi.encode(dealHash, signer, allotments)) with a pinned host (depth 0), with the buyer as a
/// fourth word otherwise. Receipts are checked by ecrecover against the signer, whatever code any address has.
contract VideoStore is IVideoStoreTypes, EIP712 {
    using SafeERC20 for IERC20;
    using CompactSignatures for bytes32;
    using Tallies for Tally;

    /// @dev Trees that a purchase got after the first.
    struct Further {
        uint40 total; // of their sums
        bytes32[] words;
    }

    uint256 private constant _MAX_TTL = 30 days;
    uint256 private constant _MAX_DEPTH = 32;
    uint256 private constant _LANES_PER_WORD = 6;

    /// @notice Seconds from a request to close to the end of the escrow, in which hosts settle.
    uint256 public immutable PERIOD;
    /// @notice The token that is paid.
    IERC20 public immutable token;
    /// @notice Where the terms of sale are looked up when a purchase opens.
    IVideoTerms public immutable videos;
    /// @notice Where the receiver of redistribution is looked up ("ParatiiAvatar").
    ParatiiRegistry public immutable registry;

    mapping(bytes32 nonce => mapping(uint256 group => uint256)) private _lanes;
    mapping(bytes32 nonce => Further) private _further;

    /// @param token_ The token that is paid.
    /// @param videos_ Where terms of sale are looked up.
    /// @param registry_ Where the receiver of redistribution is looked up.
    /// @param period Seconds from a request to close to the end of the escrow.
    constructor(ParatiiToken token_, IVideoTerms videos_, ParatiiRegistry registry_, uint32 period)
        EIP712("Paratii", "1")
    {
        token = token_;
        videos = videos_;
        registry = registry_;
        PERIOD = period;
    }

    // ---------------------------------------------------------------------------------------------------- buying

    /// @notice Opens a purchase and takes escrow and relay fee from the buyer's allowance. Anybody may send it.
    /// @param node The purchase's key over NodeKey; its address becomes the signer.
    /// @param wallet The buyer over Order, by key or by ERC-1271.
    /// @return nonce The purchase's name.
    function purchase(Order calldata order, Signature calldata node, Signature calldata wallet)
        external
        returns (bytes32 nonce)
    {
        bytes32 digest;
        (nonce, digest) = _open(order, node);
        address from = digest.recover(wallet);
        if (from == address(0) || from != order.buyer) {
            bytes memory signature = abi.encodePacked(wallet.r, wallet.vs);
            if (!SignatureChecker.isValidERC1271SignatureNow(order.buyer, digest, signature)) {
                revert VideoStore_BadWalletSignature();
            }
        }
        token.safeTransferFrom(order.buyer, address(this), _total(order));
        _pay(msg.sender, order.relayFee);
    }

    /// @notice Opens a purchase and takes escrow and relay fee by ERC-3009. Anybody may send it.
    /// @param node The purchase's key over NodeKey; its address becomes the signer.
    /// @param wallet The buyer over the token's ReceiveWithAuthorization of escrow plus relay fee to this contract,
    /// validAfter 0, validBefore the order's validUntil, nonce the EIP-712 digest of the Order.
    /// @return nonce The purchase's name.
    function purchaseWithAuthorization(Order calldata order, Signature calldata node, Signature calldata wallet)
        external
        returns (bytes32 nonce)
    {
        bytes32 digest;
        (nonce, digest) = _open(order, node);
        (uint8 v, bytes32 s) = CompactSignatures.split(wallet.vs);
        ParatiiToken(address(token)).receiveWithAuthorization(
            order.buyer,
            address(this),
            _total(order),
            0,
            order.validUntil,
            digest,
            v,
            wallet.r,
            s
        );
        _pay(msg.sender, order.relayFee);
    }

    // -------------------------------------------------------------------------------------------------- settling

    /// @notice Counts receipts and pays hosts, owners, affiliates and redistribution what they newly earned. Anybody may
    /// send it; who is paid is fixed by deals and allotments. A receipt that is stale, unknown, ended or not well signed
    /// is skipped, with an event, and harms no other; bytes above a host's cap are not counted.
    /// @param payees The hosts that items name by index.
    /// @param deals The deals that items name by index; put deals of one owner side by side.
    function settle(
        Payee[] calldata payees,
        Deal[] calldata deals,
        PinnedGroup[] calldata pinned,
        TreeGroup[] calldata trees
    ) external {
        address avatar = _avatarOf(deals);
        Tally[] memory tallies = new Tally[](deals.length);
        for (uint256 i; i < deals.length; ++i) {
            tallies[i].load(deals[i], avatar != address(0));
        }
        uint256[] memory fees = new uint256[](payees.length);
        for (uint256 i; i < pinned.length; ++i) {
            PinnedGroup calldata group = pinned[i];
            fees[group.payee] += _settlePinned(group, tallies[group.deal], payees[group.payee]);
        }
        for (uint256 i; i < trees.length; ++i) {
            TreeGroup calldata group = trees[i];
            _settleTree(group, tallies[group.deal], payees, fees);
        }
        for (uint256 i; i < payees.length; ++i) {
            _pay(payees[i].payout, fees[i]);
        }
        _payShares(tallies, avatar);
    }

    // ---------------------------------------------------------------------------------------- changing and ending

    /// @notice Promises a part of the escrow to further hosts, while the sums of all trees fit the capacity. Only for
    /// purchases of depth > 0, with the signer's signature of Allot; never after a request to close.
    /// @param first The first root word, which is part of the purchase's name.
    /// @param allotments The root word of the further tree, of the purchase's depth.
    function allot(
        Deal calldata deal,
        address signer,
        address buyer,
        bytes32 first,
        bytes32 allotments,
        Signature calldata signature
    ) external {
        bytes32 nonce = nonceOf(hashDeal(deal), signer, first, buyer);
        PurchaseWord word = _load(nonce);
        if (word.closing() || block.timestamp >= word.end()) revert VideoStore_Closing(nonce);
        Further storage further = _further[nonce];
        uint256 index = further.words.length + 1;
        uint256 total = further.total + Allotments.sum(allotments);
        if (
            deal.depth == 0 || (index + 1) << deal.depth > 1 << 32
                || total + Allotments.sum(first) > deal.capacity
        ) revert VideoStore_BadAllotments();
        bytes32 structHash = SignedStructs.hashAllot(nonce, index, allotments);
        if (_hashTypedDataV4(structHash).recover(signature) != signer) revert VideoStore_NotAllowed();
        further.total = uint40(total);
        further.words.push(allotments);
        emit Allotted(nonce, uint32(index), allotments);
    }

    /// @notice Asks, as signer or buyer, that a purchase end PERIOD from now, or at its time if that comes first.
    /// @param buyer The buyer where it is part of the name (depth > 0), else zero.
    function requestClose(bytes32 deal, address signer, bytes32 allotments, address buyer) external {
        bytes32 nonce = nonceOf(deal, signer, allotments, buyer);
        PurchaseWord word = _load(nonce);
        if (msg.sender != signer && msg.sender != _buyerOf(word, buyer)) revert VideoStore_NotAllowed();
        _requestClose(nonce, word);
    }

    /// @notice The same, by anybody with the signer's or the buyer's signature of RequestClose.
    function requestCloseBySignature(
        bytes32 deal,
        address signer,
        bytes32 allotments,
        address buyer,
        Signature calldata signature
    ) external {
        bytes32 nonce = nonceOf(deal, signer, allotments, buyer);
        PurchaseWord word = _load(nonce);
        address from = _hashTypedDataV4(SignedStructs.hashRequestClose(nonce)).recover(signature);
        if (from == address(0) || (from != signer && from != _buyerOf(word, buyer))) revert VideoStore_NotAllowed();
        _requestClose(nonce, word);
    }

    /// @notice Returns to the buyer what nobody earned. Anybody may send it, once the escrow has ended.
    /// @param buyer The buyer where it is part of the name (depth > 0), else zero.
    function reclaim(Deal calldata deal, address signer, bytes32 allotments, address buyer) external {
        bytes32 nonce = nonceOf(hashDeal(deal), signer, allotments, buyer);
        PurchaseWord word = _load(nonce);
        if (word.reclaimed()) revert VideoStore_AlreadyReclaimed(nonce);
        if (block.timestamp < word.end()) revert VideoStore_NotEnded(uint40(word.end()));
        word.reclaim().store(nonce);
        uint256 total = word.total();
        uint256 earned = total * deal.terms.fee + Deals.earned(deal.terms.price, deal.terms.size, total);
        uint256 amount = Deals.escrow(deal) - earned;
        address to = _buyerOf(word, buyer);
        emit Reclaimed(nonce, to, amount);
        _pay(to, amount);
    }

    // --------------------------------------------------------------------------------------------------- reading

    /// @notice A purchase as it stands. Reverts if it was never opened.
    function purchaseOf(bytes32 nonce) external view returns (Purchase memory) {
        PurchaseWord word = _load(nonce);
        return Purchase({
            buyer: word.depth() == 0 ? word.buyer() : address(0),
            byteCount: uint40(word.total()),
            escrowEnd: uint40(word.end()),
            depth: uint8(word.depth()),
            closing: word.closing(),
            reclaimed: word.reclaimed()
        });
    }

    /// @notice When the escrow ends (unix seconds): settled before, reclaimed from then on.
    function escrowEnd(bytes32 nonce) external view returns (uint40) {
        return uint40(_load(nonce).end());
    }

    /// @notice Bytes counted for one host, by the index of its leaf (0 for a pinned host).
    function paidBytes(bytes32 nonce, uint32 leaf) external view returns (uint40) {
        PurchaseWord word = _load(nonce);
        return uint40(word.depth() == 0 ? word.total() : _laneOf(nonce, word, leaf));
    }

    /// @notice The root words of the trees that a purchase got after the first.
    function furtherAllotments(bytes32 nonce) external view returns (bytes32[] memory) {
        return _further[nonce].words;
    }

    /// @notice Whether `account` has paid, by this purchase, the whole price of the deal's format. It stays so when the
    /// purchase has ended.
    /// @param buyer The buyer where it is part of the name (depth > 0), else zero.
    function owns(address account, Deal calldata deal, address signer, bytes32 allotments, address buyer)
        external
        view
        returns (bool)
    {
        PurchaseWord word = PurchaseWords.load(nonceOf(hashDeal(deal), signer, allotments, buyer));
        return word.exists() && _buyerOf(word, buyer) == account && word.total() >= deal.terms.size;
    }

    /// @notice keccak256(abi.encode(hash of the terms, capacity, depth, affiliate)).
    function hashDeal(Deal calldata deal) public pure returns (bytes32) {
        return Deals.hash(Deals.hashCalldata(deal.terms), deal);
    }

    /// @notice The name of a purchase.
    /// @param buyer The buyer for depth > 0; zero with a pinned host.
    function nonceOf(bytes32 deal, address signer, bytes32 allotments, address buyer) public pure returns (bytes32) {
        return buyer == address(0)
            ? keccak256(abi.encode(deal, signer, allotments))
            : keccak256(abi.encode(deal, signer, allotments, buyer));
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // -------------------------------------------------------------------------------------------------- internals

    /// @dev Checks all of an order but the wallet's consent, and writes the purchase.
    function _open(Order calldata order, Signature calldata node) private returns (bytes32 nonce, bytes32 digest) {
        Deal calldata deal = order.deal;
        Terms calldata terms = deal.terms;
        (address buyer, uint8 depth, uint40 capacity, uint32 ttl) = (order.buyer, deal.depth, deal.capacity, terms.ttl);
        if (block.timestamp >= order.validUntil) revert VideoStore_OrderExpired(order.validUntil);
        if (ttl < 3 * PERIOD || ttl > _MAX_TTL) revert VideoStore_BadTtl(ttl);
        if (depth > _MAX_DEPTH || Allotments.sum(order.allotments) > capacity) revert VideoStore_BadAllotments();
        bytes32 termsHash = Deals.hashCalldata(terms);
        if (videos.termsHash(terms.id, terms.format) != termsHash) {
            revert VideoStore_TermsChanged(terms.id, terms.format);
        }
        address signer = _hashTypedDataV4(
            SignedStructs.hashNodeKey(terms.id, terms.format, buyer, order.salt)
        ).recover(node);
        if (signer == address(0)) revert VideoStore_BadNodeSignature();
        digest = _hashTypedDataV4(SignedStructs.hashOrder(order, termsHash, CompactSignatures.hash(node)));
        address affiliate = deal.affiliate;
        bytes32 dealHash = keccak256(abi.encode(termsHash, capacity, depth, affiliate));
        nonce = nonceOf(dealHash, signer, order.allotments, depth == 0 ? address(0) : buyer);
        if (PurchaseWords.load(nonce).exists()) revert VideoStore_Exists(nonce);
        uint256 end = block.timestamp + ttl;
        PurchaseWords.create(depth == 0 ? uint160(buyer) : 0, end, depth).store(nonce);
        emit Purchased(
            nonce,
            buyer,
            terms.id,
            termsHash,
            order.allotments,
            order.salt,
            signer,
            affiliate,
            capacity,
            depth,
            uint40(end)
        );
    }

    /// @dev What an order takes from its buyer: less than 2^106.
    function _total(Order calldata order) private pure returns (uint256) {
        unchecked {
            return Deals.escrow(order.deal) + order.relayFee;
        }
    }

    /// @return fees What the host newly earned.
    function _settlePinned(PinnedGroup calldata group, Tally memory tally, Payee calldata payee)
        private
        returns (uint256 fees)
    {
        bytes32 allotments = Allotments.leaf(0, payee.key, payee.payout, group.cap);
        if (payee.payout == address(0)) {
            for (uint256 i; i < group.receipts.length; ++i) {
                bytes32 nonce = nonceOf(
                    tally.deal, address(uint160(group.receipts[i].signerAndBytes >> 96)), allotments, address(0)
                );
                emit ReceiptSkipped(nonce, 0, SkipReason.BadPayee);
            }
            return 0;
        }
        return tally.fee
            * PinnedReceipts.count(
                group.receipts, _domainSeparatorV4(), payee.key, payee.payout, group.cap, allotments, tally
            );
    }

    /// @dev Adds to `fees` what each host newly earned.
    function _settleTree(
        TreeGroup calldata group,
        Tally memory tally,
        Payee[] calldata payees,
        uint256[] memory fees
    ) private {
        bytes32 nonce = keccak256(abi.encode(tally.deal, group.signer, group.allotments, group.buyer));
        bytes32 domain = _domainSeparatorV4();
        PurchaseWord word = PurchaseWords.load(nonce);
        uint256 length = group.receipts.length;
        uint256[] memory items = new uint256[](length);
        uint256 count;
        for (uint256 i; i < length; ++i) {
            TreeReceipt calldata receipt = group.receipts[i];
            Payee calldata payee = payees[receipt.payee];
            uint32 leaf = receipt.leaf;
            uint256 byteCount = receipt.byteCount < receipt.cap ? receipt.byteCount : receipt.cap;
            uint256 before = _laneOf(nonce, word, leaf);
            SkipReason reason;
            if (!word.exists()) reason = SkipReason.UnknownPurchase;
            else if (byteCount <= before) reason = SkipReason.Stale;
            else if (block.timestamp >= word.end()) reason = SkipReason.Ended;
            else if (payee.payout == address(0)) reason = SkipReason.BadPayee;
            else if (!_isAllotted(nonce, word.depth(), group.allotments, receipt, payee)) reason = SkipReason.BadBranch;
            else if (
                group.signer
                    != SignedStructs.digestReceipt(domain, nonce, leaf, receipt.byteCount, receipt.hash).recover(receipt.signature)
            ) reason = SkipReason.BadSignature;
            else {
                unchecked {
                    uint256 newly = byteCount - before;
                    uint256 total = word.total();
                    tally.count(total, total + newly);
                    fees[receipt.payee] += newly * tally.fee; // 40 bits * 64 bits
                    word = _addToLane(nonce, word.addTotal(newly), leaf, newly);
                    items[count++] = (uint256(uint160(payee.payout)) << 96) | (uint256(leaf) << 40) | byteCount;
                }
                continue;
            }
            emit ReceiptSkipped(nonce, leaf, reason);
        }
        if (count == 0) return;
        word.store(nonce);
        assembly ("memory-safe") {
            mstore(items, count)
        }
        emit TreeSettled(nonce, tally.owner, items);
    }

    function _isAllotted(
        bytes32 nonce,
        uint256 depth,
        bytes32 first,
        TreeReceipt calldata receipt,
        Payee calldata payee
    ) private view returns (bool) {
        if (receipt.siblings.length != depth) return false;
        uint256 tree = uint256(receipt.leaf) >> depth;
        bytes32 expected = first;
        if (tree != 0) {
            bytes32[] storage words = _further[nonce].words;
            if (tree > words.length) return false;
            expected = words[tree - 1];
        }
        bytes32 leaf = Allotments.leaf(receipt.leaf, payee.key, payee.payout, receipt.cap);
        (bool fits, bytes32 root) = Allotments.tryRoot(leaf, receipt.leaf, receipt.siblings);
        return fits && root == expected;
    }

    function _laneOf(bytes32 nonce, PurchaseWord word, uint256 leaf) private view returns (uint256) {
        if (leaf < PurchaseWords.LANES) return word.lane(leaf);
        return (_lanes[nonce][leaf / _LANES_PER_WORD] >> (40 * (leaf % _LANES_PER_WORD))) & Allotments.SUM_MASK;
    }

    function _addToLane(bytes32 nonce, PurchaseWord word, uint256 leaf, uint256 byteCount)
        private
        returns (PurchaseWord)
    {
        if (leaf < PurchaseWords.LANES) return word.addLane(leaf, byteCount);
        _lanes[nonce][leaf / _LANES_PER_WORD] += byteCount << (40 * (leaf % _LANES_PER_WORD));
        return word;
    }

    function _requestClose(bytes32 nonce, PurchaseWord word) private {
        if (word.closing() || block.timestamp >= word.end()) revert VideoStore_Closing(nonce);
        uint256 end = block.timestamp + PERIOD;
        if (end > word.end()) end = word.end();
        word.close(end).store(nonce);
        emit CloseRequested(nonce, uint40(end));
    }

    /// @dev Who receives the shares for redistribution: looked up only if a deal has one.
    function _avatarOf(Deal[] calldata deals) private view returns (address) {
        for (uint256 i; i < deals.length; ++i) {
            if (deals[i].terms.avatarBps != 0) return registry.addressOf("ParatiiAvatar");
        }
        return address(0);
    }

    /// @dev One transfer for neighbouring deals of one owner, one a deal to affiliates, one to the avatar.
    function _payShares(Tally[] memory tallies, address avatar) private {
        address owner;
        uint256 owed;
        uint256 redistributed;
        for (uint256 i; i < tallies.length; ++i) {
            Tally memory tally = tallies[i];
            if (tally.owner != owner) {
                _pay(owner, owed);
                owner = tally.owner;
                owed = 0;
            }
            owed += tally.toOwner;
            redistributed += tally.toAvatar;
            _pay(tally.affiliate, tally.toAffiliate);
        }
        _pay(owner, owed);
        _pay(avatar, redistributed);
    }

    function _pay(address to, uint256 amount) private {
        if (amount != 0) token.safeTransfer(to, amount);
    }

    function _load(bytes32 nonce) private view returns (PurchaseWord word) {
        word = PurchaseWords.load(nonce);
        if (!word.exists()) revert VideoStore_UnknownPurchase(nonce);
    }

    function _buyerOf(PurchaseWord word, address named) private pure returns (address) {
        return word.depth() == 0 ? word.buyer() : named;
    }
}
