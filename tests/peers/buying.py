"""A customer of the shop: fills a cart, says where to, pays on account."""

from __future__ import annotations

from tests.peers.vendure.api import Api

_ERROR = "{__typename ... on ErrorResult{errorCode message}}"


async def buy(url: str, **units: int) -> str:
    """Order so many of each item (`SKU_001=2`); gives the order's code."""
    async with Api(f"{url}/shop-api") as shop:
        found = await shop("{products(options:{take:100}){items{variants{id sku}}}}")
        numbers = {
            variant["sku"]: variant["id"]
            for product in found["products"]["items"]
            for variant in product["variants"]
        }
        for item, quantity in units.items():
            number = numbers[item.replace("_", "-")]
            await shop(
                "mutation($v:ID!,$q:Int!){addItemToOrder(productVariantId:$v,quantity:$q)"
                + _ERROR
                + "}",
                v=number,
                q=quantity,
            )
        await shop(
            'mutation{setCustomerForOrder(input:{firstName:"A",lastName:"Customer",'
            'emailAddress:"customer@house.example"})' + _ERROR + "}"
        )
        await shop(
            'mutation{setOrderShippingAddress(input:{fullName:"A Customer",streetLine1:"1 Main St",'
            'city:"Springfield",postalCode:"01101",countryCode:"US"})' + _ERROR + "}"
        )
        ways = (await shop("{eligibleShippingMethods{id}}"))["eligibleShippingMethods"]
        await shop(
            "mutation($i:[ID!]!){setOrderShippingMethod(shippingMethodId:$i)" + _ERROR + "}",
            i=[ways[0]["id"]],
        )
        await shop(
            'mutation{transitionOrderToState(state:"ArrangingPayment")'
            "{__typename ... on OrderStateTransitionError{errorCode message}}}"
        )
        paid = await shop(
            'mutation{addPaymentToOrder(input:{method:"on-account",metadata:{}})'
            "{__typename ... on Order{code} ... on ErrorResult{errorCode message}}}"
        )
        code: str = paid["addPaymentToOrder"]["code"]
        return code
