// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Allotments} from "../libraries/Allotments.sol";
import {CompactSignatures, Signature} from "../libraries/CompactSignatures.sol";
import {Deal, Deals} from "../libraries/Deals.sol";
import {PaymentLists, Payments} from "../libraries/Payments.sol";
import {PurchaseWord} from "../libraries/PurchaseWord.sol";
import {SignedStructs} from "../libraries/SignedStructs.sol";
import {Tallies, Tally} from "../libraries/Tallies.sol";
import {PurchaseBook} from "./PurchaseBook.sol";

/// @title Promising further hosts a part, and ending purchases
abstract contract Closing is PurchaseBook {
    using CompactSignatures for bytes32;
    using PaymentLists for Payments;
    using Tallies for Tally;

    /// @dev Digests of CloseTogether that the signer alone has signed.
    mapping(bytes32 nonce => bytes32) private _proposals;

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
        if (word.proposed()) revert VideoStore_Proposed(nonce);
        if (block.timestamp < word.end()) revert VideoStore_NotEnded(uint40(word.end()));
        word.reclaim().store(nonce);
        address to = _buyerOf(word, buyer);
        _pay(to, _return(nonce, deal, to, word.total()));
    }

    // ------------------------------------------------------------------------------------------ closing together

    /// @notice Ends a purchase by one list of what each of its hosts has earned, signed once by its signer, in place of
    /// receipts. With the signatures of owner and hosts it ends at once; without, this counts as a request to close, and
    /// `finish` pays the list when the window is over. Hosts that hold newer receipts settle them before.
    /// @param signatures Over the same: the owner, then the hosts in the order of the list. Or none.
    function closeTogether(Ending calldata ending, Signature[] calldata signatures) external {
        (bytes32 nonce, PurchaseWord word) = _named(ending);
        if (word.reclaimed()) revert VideoStore_AlreadyReclaimed(nonce);
        bytes32 digest = _digestOf(nonce, ending);
        if (digest.recover(ending.signature) != ending.signer) revert VideoStore_NotAllowed();
        _checkTrees(nonce, ending);
        if (signatures.length == 0) {
            _proposals[nonce] = digest;
            _requestClose(nonce, word.propose());
            return;
        }
        uint256 count = ending.shares.length;
        if (signatures.length != count + 1) revert VideoStore_NotAllowed();
        address owner = ending.deal.terms.owner;
        if (owner == address(0) || digest.recover(signatures[0]) != owner) revert VideoStore_NotAllowed();
        for (uint256 i; i < count; ++i) {
            (uint256 packed,) = _shareAt(ending.shares, i);
            address host = address(uint160(packed >> 96));
            if (host == address(0) || digest.recover(signatures[i + 1]) != host) revert VideoStore_NotAllowed();
        }
        _end(nonce, word, ending);
    }

    /// @notice Pays the list that a purchase was closed by, once the window is over: each host at least what it settled
    /// itself, the owner for all of it, the buyer the rest. Anybody may send it.
    function finish(Ending calldata ending) external {
        (bytes32 nonce, PurchaseWord word) = _named(ending);
        if (word.reclaimed()) revert VideoStore_AlreadyReclaimed(nonce);
        if (block.timestamp < word.end()) revert VideoStore_NotEnded(uint40(word.end()));
        if (!word.proposed() || _proposals[nonce] != _digestOf(nonce, ending)) revert VideoStore_NotAllowed();
        delete _proposals[nonce];
        _end(nonce, word, ending);
    }

    // -------------------------------------------------------------------------------------------------- internals

    function _requestClose(bytes32 nonce, PurchaseWord word) private {
        if (word.closing() || block.timestamp >= word.end()) revert VideoStore_Closing(nonce);
        uint256 end = block.timestamp + PERIOD;
        if (end > word.end()) end = word.end();
        word.close(end).store(nonce);
        emit CloseRequested(nonce, uint40(end));
    }

    function _named(Ending calldata ending) private view returns (bytes32 nonce, PurchaseWord word) {
        nonce = nonceOf(
            hashDeal(ending.deal),
            ending.signer,
            ending.allotments,
            ending.deal.depth == 0 ? address(0) : ending.buyer
        );
        word = _load(nonce);
    }

    /// @dev The list must rebuild every tree of the purchase, so that no host is left out.
    function _checkTrees(bytes32 nonce, Ending calldata ending) private view {
        bytes32[] storage further = _further[nonce].words;
        uint256 depth = ending.deal.depth;
        uint256 next;
        if (ending.counts.length != further.length + 1) revert VideoStore_BadAllotments();
        for (uint256 tree; tree < ending.counts.length; ++tree) {
            bytes32[] memory words = new bytes32[](ending.counts[tree]);
            if (words.length > 1 << depth || next + words.length > ending.shares.length) revert VideoStore_BadAllotments();
            for (uint256 i; i < words.length; ++i) {
                (uint256 packed, address payout) = _shareAt(ending.shares, next + i);
                words[i] = Allotments.leaf(
                    uint32((tree << depth) + i), address(uint160(packed >> 96)), payout, uint40(packed >> 40)
                );
            }
            next += words.length;
            bytes32 root = Allotments.rootOf(words, depth);
            if (root != (tree == 0 ? ending.allotments : further[tree - 1])) revert VideoStore_BadAllotments();
        }
        if (next != ending.shares.length) revert VideoStore_BadAllotments();
    }

    /// @dev Pays hosts and owner by the list, the buyer the rest; nothing is paid for the purchase afterwards.
    function _end(bytes32 nonce, PurchaseWord word, Ending calldata ending) private {
        uint256 before = word.total();
        (uint256[] memory items, uint256[] memory paid, uint256 total) = _count(nonce, word, ending);
        word.addTotal(total - before).finish(block.timestamp).store(nonce);
        Tally memory tally;
        address avatar = _avatarOf(ending.deal);
        tally.load(ending.deal, avatar != address(0));
        tally.count(before, total);
        emit TreeSettled(nonce, tally.owner, items);
        uint256 fee = tally.fee;
        Payments memory list = PaymentLists.create(items.length + _sharesOf(1) + 1);
        for (uint256 i; i < items.length; ++i) {
            uint256 newly = uint40(items[i]);
            unchecked {
                if (paid.length != 0) newly -= paid[i];
                list.add(address(uint160(items[i] >> 96)), newly * fee);
            }
        }
        Tally[] memory tallies = new Tally[](1);
        tallies[0] = tally;
        _addShares(list, tallies, avatar);
        address buyer = _buyerOf(word, ending.buyer);
        list.add(buyer, _return(nonce, ending.deal, buyer, total));
        _payAll(list);
    }

    /// @dev For each host of the list its bytes in all, cut to its cap and at least what it settled itself.
    /// @return items What is logged of each.
    /// @return paid What each settled itself; empty if nobody did.
    /// @return total Of their bytes.
    function _count(bytes32 nonce, PurchaseWord word, Ending calldata ending)
        private
        view
        returns (uint256[] memory items, uint256[] memory paid, uint256 total)
    {
        items = new uint256[](ending.shares.length);
        if (word.total() != 0) paid = new uint256[](items.length);
        uint256 next;
        for (uint256 tree; tree < ending.counts.length; ++tree) {
            uint256 leaf = tree << ending.deal.depth;
            for (uint256 last = next + ending.counts[tree]; next < last; ++next) {
                (uint256 packed, address payout) = _shareAt(ending.shares, next);
                uint256 byteCount = uint40(packed);
                uint256 cap = uint40(packed >> 40);
                if (byteCount > cap) byteCount = cap;
                if (payout == address(0)) byteCount = 0;
                if (paid.length != 0) {
                    paid[next] = _paidOf(nonce, word, leaf);
                    if (byteCount < paid[next]) byteCount = paid[next];
                }
                unchecked {
                    total += byteCount; // of caps whose sums fit 40 bits
                    items[next] = (uint256(uint160(payout)) << 96) | (leaf++ << 40) | byteCount;
                }
            }
        }
    }

    /// @dev A share whose place has been checked.
    function _shareAt(Share[] calldata shares, uint256 i) private pure returns (uint256 packed, address payout) {
        assembly ("memory-safe") {
            let p := add(shares.offset, shl(6, i))
            packed := calldataload(p)
            payout := and(calldataload(add(p, 0x20)), 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }

    function _digestOf(bytes32 nonce, Ending calldata ending) private view returns (bytes32) {
        return _hashTypedDataV4(SignedStructs.hashCloseTogether(nonce, ending.counts, ending.shares));
    }

    /// @dev What `total` bytes have not earned, logged as the buyer's.
    function _return(bytes32 nonce, Deal calldata deal, address buyer, uint256 total) private returns (uint256 amount) {
        uint256 earned = total * deal.terms.fee + Deals.earned(deal.terms.price, deal.terms.size, total);
        amount = Deals.escrow(deal) - earned;
        emit Reclaimed(nonce, buyer, amount);
    }
}
