// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev Two payers, one of which signs for itself, two payees, relayers and liars acting in any order on six lanes. One payer
/// and one payee have code that always reverts. It keeps its own books.
contract ChannelHandler is ChannelFixture {
    uint256 private constant _LANES = 6;
    uint256 private constant _OTHER_PAYER_KEY = 0xB0B2;
    uint256 private constant _OTHER_PAYEE_KEY = 0xCAF2;
    bytes private constant _HOSTILE = hex"60006000fd";

    struct Book {
        bytes32 id;
        uint256 deposit;
        uint256 paid;
        uint256 signed; // the most that the signer ever signed, or the payer conceded
        uint256 end;
    }

    Book[_LANES] private _books;
    uint256 private _now = 1_800_000_000;
    uint256 private _paidBefore; // by channels that are settled
    uint256 private _signedBefore;
    bool public wasLockedOut;

    constructor() {
        deploy();
        address other = vm.addr(_OTHER_PAYER_KEY);
        token.transfer(other, FUNDS);
        vm.prank(other);
        token.approve(address(channels), type(uint256).max);
        vm.etch(other, _HOSTILE);
        vm.etch(vm.addr(_OTHER_PAYEE_KEY), _HOSTILE);
    }

    function create(uint256 which, uint256 deposit) external {
        (uint96 lane, Book storage book) = pick(which);
        deposit = bound(deposit, 1, 20 ether);
        if (book.deposit != 0 || deposit > token.balanceOf(payerOf(lane))) return;
        vm.prank(payerOf(lane));
        book.id = channels.createChannel(payeeOf(lane), signerOf(lane), lane, deposit);
        book.deposit = deposit;
    }

    function topUp(uint256 which, uint256 added, bool byOther) external {
        (uint96 lane, Book storage book) = pick(which);
        uint40 counter = channels.channelOf(routeOf(lane)).counter;
        added = bound(added, 1, 5 ether);
        if (added > token.balanceOf(payerOf(lane))) return;
        bool ok;
        if (byOther) {
            vm.prank(payerOf(lane));
            token.transfer(address(this), added);
            token.approve(address(channels), added);
            try channels.topUpDelegate(routeOf(lane), counter, added) {
                ok = true;
            } catch {
                token.transfer(payerOf(lane), added);
            }
        } else {
            vm.prank(payerOf(lane));
            try channels.topUp(payeeOf(lane), signerOf(lane), lane, counter, added) {
                ok = true;
            } catch {}
        }
        if (ok) book.deposit += added;
        assertEq(channels.channelOf(routeOf(lane)).end, book.end, "a top-up moves no end");
    }

    function withdraw(uint256 which, uint256 balance, bool batched) external {
        (uint96 lane, Book storage book) = pick(which);
        if (book.deposit == 0) return;
        balance = bound(balance, 0, 30 ether);
        if (balance > book.signed) book.signed = balance;
        uint256 due = balance > book.deposit ? book.deposit : balance;
        bool pays = due > book.paid && (book.end == 0 || _now < book.end);
        uint256 before = token.balanceOf(payeeOf(lane));
        if (batched) {
            IPaymentChannelsTypes.PackedProof[] memory items = new IPaymentChannelsTypes.PackedProof[](2);
            items[0] = packedOf(lane, book.id, balance / 2);
            items[1] = packedOf(lane, book.id, balance);
            channels.withdrawMany(payeeOf(lane), items);
        } else {
            try channels.withdraw(routeOf(lane), uint96(balance), proofOf(lane, book.id, balance)) {} catch {}
        }
        uint256 got = token.balanceOf(payeeOf(lane)) - before;
        if (got != (pays ? due - book.paid : 0)) wasLockedOut = true;
        book.paid += got;
    }

    function forge(uint256 which, uint256 balance, uint256 how) external {
        (uint96 lane, Book storage book) = pick(which);
        (, Book storage other) = pick(which / 7);
        balance = bound(balance, book.signed + 1, 40 ether);
        Signature memory signature;
        if (how % 4 == 0) signature = sign(payeeKeyOf(lane), digestOf("BalanceProof", book.id, balance));
        if (how % 4 == 1) signature = sign(signerKeyOf(lane), digestOf("ClosingSignature", book.id, balance));
        if (how % 4 == 2) signature = proofOf(lane, book.id, balance + 1);
        if (how % 4 == 3) signature = proofOf(lane, other.id == book.id ? bytes32(how) : other.id, balance);
        try channels.withdraw(routeOf(lane), uint96(balance), signature) {
            assertTrue(false, "a forged proof paid");
        } catch {}
    }

    function close(uint256 which, uint256 balance, bool bySignature) external {
        (uint96 lane, Book storage book) = pick(which);
        balance = bound(balance, 0, 20 ether);
        bool ok;
        if (bySignature) {
            Signature memory signature = sign(payerKeyOf(lane), digestOf("UncooperativeClose", book.id, balance));
            try channels.uncooperativeCloseBySignature(routeOf(lane), uint96(balance), signature) {
                ok = true;
            } catch {}
        } else {
            vm.prank(payerOf(lane));
            try channels.uncooperativeClose(routeOf(lane), uint96(balance)) {
                ok = true;
            } catch {}
        }
        if (!ok) return;
        book.end = _now + PERIOD;
        if (balance > book.signed) book.signed = balance;
        if (balance > book.paid) book.paid = balance;
    }

    function agree(uint256 which, uint256 balance) external {
        (uint96 lane, Book storage book) = pick(which);
        balance = bound(balance, 0, 25 ether);
        try channels.cooperativeClose(routeOf(lane), uint96(balance), proofOf(lane, book.id, balance), closingOf(lane, book.id, balance)) {
            if (balance > book.signed) book.signed = balance;
            book.paid = balance;
            finish(lane);
        } catch {}
    }

    function settle(uint256 which) external {
        (uint96 lane, Book storage book) = pick(which);
        bool may = book.end != 0 && _now >= book.end;
        try channels.settle(routeOf(lane)) {
            assertTrue(may, "settled too early");
            finish(lane);
        } catch {
            if (may) wasLockedOut = true;
        }
    }

    function pass(uint256 time) external {
        _now += bound(time, 0, PERIOD);
    }

    function books() external view returns (uint256 held, uint256 expected, uint256 paid, uint256 signed) {
        (paid, signed) = (_paidBefore, _signedBefore);
        for (uint256 i; i < _LANES; ++i) {
            expected += _books[i].deposit - _books[i].paid;
            paid += _books[i].paid;
            signed += _books[i].signed;
        }
        held = token.balanceOf(address(channels));
        assertEq(token.balanceOf(PAYEE) + token.balanceOf(vm.addr(_OTHER_PAYEE_KEY)), paid, "payees have what was paid");
        uint256 left = token.balanceOf(PAYER) + token.balanceOf(vm.addr(_OTHER_PAYER_KEY));
        assertEq(left + held + paid, 2 * FUNDS, "nothing is lost");
    }

    function payerKeyOf(uint96 lane) private pure returns (uint256) {
        return lane % 2 == 0 ? PAYER_KEY : _OTHER_PAYER_KEY;
    }

    function payeeKeyOf(uint96 lane) private pure returns (uint256) {
        return lane < 3 ? PAYEE_KEY : _OTHER_PAYEE_KEY;
    }

    function signerKeyOf(uint96 lane) private pure returns (uint256) {
        return lane % 2 == 0 ? SIGNER_KEY : _OTHER_PAYER_KEY;
    }

    function payerOf(uint96 lane) private pure returns (address) {
        return vm.addr(payerKeyOf(lane));
    }

    function payeeOf(uint96 lane) private pure returns (address) {
        return vm.addr(payeeKeyOf(lane));
    }

    function signerOf(uint96 lane) private pure returns (address) {
        return vm.addr(signerKeyOf(lane));
    }

    function routeOf(uint96 lane) private pure returns (IPaymentChannelsTypes.Route memory) {
        return IPaymentChannelsTypes.Route(payerOf(lane), payeeOf(lane), signerOf(lane), lane);
    }

    function proofOf(uint96 lane, bytes32 channel, uint256 balance) private view returns (Signature memory) {
        return sign(signerKeyOf(lane), digestOf("BalanceProof", channel, balance));
    }

    function closingOf(uint96 lane, bytes32 channel, uint256 balance) private view returns (Signature memory) {
        return sign(payeeKeyOf(lane), digestOf("ClosingSignature", channel, balance));
    }

    function packedOf(uint96 lane, bytes32 channel, uint256 balance)
        private
        view
        returns (IPaymentChannelsTypes.PackedProof memory)
    {
        return IPaymentChannelsTypes.PackedProof({
            payerAndLane: (uint256(uint160(payerOf(lane))) << 96) | lane,
            signerAndBalance: (uint256(uint160(signerOf(lane))) << 96) | balance,
            proof: proofOf(lane, channel, balance)
        });
    }

    function finish(uint96 lane) private {
        _paidBefore += _books[lane].paid;
        _signedBefore += _books[lane].signed;
        delete _books[lane];
    }

    function pick(uint256 which) private returns (uint96 lane, Book storage book) {
        vm.warp(_now);
        lane = uint96(which % _LANES);
        book = _books[lane];
    }
}

contract PaymentChannelsInvariantsTest is Test {
    ChannelHandler private _handler;
    address[] private _targets;

    function setUp() external {
        _handler = new ChannelHandler();
        _targets.push(address(_handler));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function invariant_TheBooksBalance() external view {
        (uint256 held, uint256 expected, uint256 paid, uint256 signed) = _handler.books();
        assertEq(held, expected, "tokens held are open deposits less what was paid");
        assertTrue(paid <= signed, "nobody is paid more than was signed");
        assertTrue(!_handler.wasLockedOut(), "payees get their newest proof in time, payers the rest after it");
    }
}
